"""The inspector: the selected layer, or the whole run."""
