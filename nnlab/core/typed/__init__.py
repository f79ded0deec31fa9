"""Networks typed as words: `conv 64 k3, bn, relu`."""
