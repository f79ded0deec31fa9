"""The captured engine: a run recorded once, written as one program, tried against the eager engine and flown."""
