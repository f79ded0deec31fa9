"""Models from elsewhere drawn as networks: modules in Python, ONNX files, PT2 files, each read by a module of its own."""
