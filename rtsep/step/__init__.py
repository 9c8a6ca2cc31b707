"""How the graph of a step model is run: by ONNX Runtime, or by the compiled kernels where they can."""
