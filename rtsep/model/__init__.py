"""What a model file is: its card, its ONNX graph, the catalogue of installed models."""
