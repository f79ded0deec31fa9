"""The modules of a model as blocks: names, nesting and equal ones in a row."""
