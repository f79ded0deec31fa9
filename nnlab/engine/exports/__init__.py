"""One file per form in which a project can be taken away."""
