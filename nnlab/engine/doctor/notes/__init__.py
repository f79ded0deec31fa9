"""One file per note of the doctor."""
