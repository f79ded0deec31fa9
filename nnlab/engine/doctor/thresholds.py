"""When the doctor speaks: every threshold of its notes, each with what was measured to choose it.

Measured on every example, several seeds, at 40 to 60 moments of the whole run ("good"), and on some 120 runs with
settings that are known to be bad ("bad"). A threshold stands between the two, nearer to the bad ones: a note that is
wrong teaches something wrong, one that comes late only comes late.
"""

SOLVED = 0.8
"""Share of the way from a guess (best constant answer, 0) to a perfect answer (1) from which a run counts as solved,
and only what is wrong with the data or the generalisation is noted. Spiral, circles and XOR end above 0.98."""

POOR = 0.5
"""Share of that way below which a run that stands still is stuck. Diabetes, where half is chance, ends at 0.6."""

OVERSHOT = 1.3
"""Mean loss of an epoch, in losses of a guess or of the first batch, from which the steps made it worse than knowing
nothing. Good: at most 1.16. Learning rate 10: 1.9 to 800; learning rate 0.3 with Adam: 1.5 and more where it harms."""

RATE_KEPT = 0.5
"""A rate that is now below this share of the one that overshot is another rate, and is not blamed for it."""

DEAD = 0.5
"""Share of a layer's units that answer 0 to every sample. Good: at most 0.38 (3 of 8). Bad: 0.9 to 1. Six fresh ReLU
layers of 16 units begin with up to 0.6 of one layer and wake them as they learn: while the loss falls nothing is said."""

LEARNING, LEARNING_EPOCHS, LEARNING_SHARE = 0.02, 5, 0.2
"""Fall of the loss that counts as learning, in losses of a guess, from one half to the other of this share of the epochs
so far, and of twice so many epochs at least. The six ReLU layers: 0.03 to 0.2. Dead networks: 0.001."""

SATURATED = 0.9
"""Share of a layer's answers in the outer hundredths of the span. Good: at most 0.61, and 0.2 while unsolved. Bad:
0.96 to 1. A network that has solved its task may well say clearly yes and no."""

VANISHED, VANISHED_DEEP = 1e-3, 0.01
"""The smallest gradient of a layer's weights in sizes of the largest; the second where squashing layers are DEEP. Good:
at least 0.02. Eight sigmoid layers: 0.00002 and less at first, up to 0.005 where Adam gets them going at last."""

DEEP = 4
"""Squashing layers in a row from which fading is their number's fault, and saturation its consequence."""

EXPLODED = 13.0
"""Gradient in sizes of the weights it is of. Good: at most 1.3, and 12 behind a sum over a graph.

Weights six times too large in eight layers: 15 to 500.
"""

SHRUNK = 0.7
"""Size of a layer's weights, in sizes of fresh ones, that none of the layers reaches where decay holds them down.
Good: the largest of a network is 0.94 at least."""

STRONG_L2, STRONG_L1 = 0.03, 0.003
"""Weaker decay is not blamed: the examples use up to 0.01, and converged networks are always in balance with theirs."""

GONE = 0.05
"""The same, where nothing more need be asked: the weights are as good as zero."""

PULL = 0.5
"""Pull of decay in gradients of the loss. Good: up to 0.76 at the end, solved and with large weights; λ 10: 1 to 5 000."""

COLLAPSED = 0.98
"""Share of the samples that one class is named for; and the others are at least FEW of the samples."""

FEW = 0.04
"""Share of the samples below which the classes that are never named are too few to blame the network."""

COLLAPSED_EPOCHS = 10
"""Epochs over which only one class was named. Good: at most 1."""

FLAT_EPOCHS, FLAT_SHARE = 30, 0.4
"""Epochs, at least, and share of all epochs so far, over which the loss is compared with itself."""

FLAT_FROM, FLAT_AT_LAST = 0.2, 300
"""Share of the planned epochs, and epochs at most, before which standing still may be no more than drawing breath. One
of 24 spirals stands still from epoch 54 to 67 of its 800, and is solved in the end."""

FLAT = 0.004
"""Fall of the loss from the first half of these epochs to the second, in losses of a guess, below which it stands
still. Good below POOR: 0.006 after 30 epochs (spiral, before the first bend), later more. Bad: 0.0005 and less."""

SLOW = 0.02
"""Share of the optimizer's usual learning rate below which a rate explains that nothing moves."""

SLOW_EPOCHS, SLOW_FALL = 5, 0.02
"""Epochs in which the loss fell by less than this, in losses of a guess, at such a rate. Adam at 0.000001: 0.004."""

LARGE_INPUT, SMALL_INPUT = 10.0, 0.02
"""Mean (in size) or spread of an input, and spread of the one that varies most. Good: 0 and 1, standardised; raw points
and pictures reach 6. Bad: wine 750, breast cancer 900, diabetes 190."""

OVERFIT = ((0.04, 1.0), (0.13, 0.12), (0.3, 0.06))
"""Pairs: metric on training minus on validation samples, and rise of the validation loss above its best, in losses of a
guess. Both of one pair at least. Good: at most 0.09 with a rise of 0.02, and 0.053 with a gap of 0.04. Bad: 0.7 with
0.15, 0.17 with 2.9, 0.09 with 3.1."""

OVERFIT_EPOCHS = 20
"""Epochs before a validation curve says anything."""

FOUND_TIMES, LOST_TIMES, LOST_AT_END = 2, 3, 2
"""Looks in a row that find a note before it is shown, and that miss it before it goes: notes do not flicker. At the end
of a run one look that finds it is enough, and the last two that miss it."""
