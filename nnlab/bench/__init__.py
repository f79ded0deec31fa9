"""What `nnlab bench` measures: NNLab's speed against its bars and its rivals, side by side in one run."""
