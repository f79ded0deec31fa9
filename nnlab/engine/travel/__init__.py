"""Going back in time: moments that are kept, the way that was taken, how to get from one to the other."""
