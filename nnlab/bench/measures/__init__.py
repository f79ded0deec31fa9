"""The measures of `nnlab bench`, found by importing this folder: one file for each kind."""
