"""ONNX graphs: what one may hold, and how ONNX Runtime opens it; whatever the network in it is for."""
