"""What families of layers and losses share: sizes, figures and the code of torch calls."""
