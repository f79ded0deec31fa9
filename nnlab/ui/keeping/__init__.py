"""What outlives the window: files, recovery, settings, and where they lie."""
