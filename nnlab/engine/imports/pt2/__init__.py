"""PT2 files as networks: the archive and its graph, read as JSON and plain bytes."""
