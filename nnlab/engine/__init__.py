"""Running a document: torch lives here, Qt does not. Modules the window imports at start load torch only when a run begins."""
