"""One file per source of data; all of them offline."""
