"""Layers whose parameter is a graph: grouping, opening, repeating and writing them."""
