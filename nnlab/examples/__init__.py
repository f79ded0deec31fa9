"""One file per example project."""
