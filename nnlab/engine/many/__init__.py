"""Many seeds of one network at once: rolling the dice. `roller` is the face for windows, `rolling` for scripts."""
