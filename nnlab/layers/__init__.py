"""One file per layer or small family."""
