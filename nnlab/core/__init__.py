"""The document: what a network, its data and its training are. No Qt, no torch."""
