"""NNLab: a lab for neural networks. The public API; importing it loads neither torch nor Qt."""

__version__ = "0.1.0"
