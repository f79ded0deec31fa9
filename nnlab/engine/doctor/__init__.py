"""The doctor: what is wrong with a run, with evidence and cures."""
