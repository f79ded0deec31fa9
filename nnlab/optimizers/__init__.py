"""One file per family of update rules."""
