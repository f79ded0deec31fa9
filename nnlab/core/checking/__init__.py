"""The catalogue of mistakes: one file for each family, with how they are found, what is said and what cures them."""
