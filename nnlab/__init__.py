"""NNLab: a lab for neural networks. The public API; importing it loads neither torch nor Qt."""
