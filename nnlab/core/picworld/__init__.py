"""The pictures of PicWorld, drawn from numbers."""
