"""ONNX files as networks: their constants, operations and layers that were taken apart."""
