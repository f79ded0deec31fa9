"""Networks as Keras 3 code: what each layer, block and loss is there, and the script around them."""
