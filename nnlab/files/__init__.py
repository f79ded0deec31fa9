"""Project files: written whole or not at all, read with suspicion. No Qt, no torch."""
