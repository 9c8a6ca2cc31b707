"""Networks; each one has a streaming state and an exported step graph."""
