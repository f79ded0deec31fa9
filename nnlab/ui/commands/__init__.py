"""The commands, one file per menu."""
