"""Well-known architectures to start from, one file each."""
