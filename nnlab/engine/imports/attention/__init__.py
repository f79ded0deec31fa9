"""Attention put together again, where a file has taken it apart."""
