"""One file per learning-rate schedule."""
