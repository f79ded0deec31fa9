"""Train the network whose filters the example "Few pictures" begins with, and write it down: python packaging/train_backbone.py.

Nothing from outside goes in: 3 000 pictures that NNLab draws itself, of the eight base objects, at level 0.7.
"""

import sys
from pathlib import Path

import numpy as np

import nnlab

FILE = Path(__file__).resolve().parents[1] / "resources" / "backbones" / "picworld.npz"
CARD = """\
# PicWorld backbone

The three stages of convolution, batch normalisation and pooling of the example "PicWorld" (16, 32 and 64 filters;
{count} numbers), trained by `packaging/train_backbone.py` on 3 000 pictures of the eight base objects at level 0.7,
{epochs} epochs, seed 0. Validation accuracy {validation:.3f}, test accuracy {test:.3f} on 1 000 pictures drawn apart.

Plain float32 arrays (`numpy.load(..., allow_pickle=False)`), named layer/tensor as the example's nodes are. The pictures
are drawn by NNLab; no weights or pictures from elsewhere went in. It knows nothing but these eight drawings.
"""
EPOCHS = 8


def main() -> None:
    """Train, measure, write the arrays and their card."""
    project = nnlab.Project.example("picworld-cnn")
    project.set_data(samples=3000, level=0.7)
    project.set_training(epochs=EPOCHS)
    project.train(seed=0)
    figures = project.evaluate()
    assert project.weights is not None
    kept = {
        name.replace(".", "/", 1): array.astype(np.float32) if array.dtype.kind == "f" else array
        for name, array in project.weights.items()
        if not name.startswith("linear")
    }
    FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(FILE, allow_pickle=False, **kept)
    count = sum(a.size for name, a in kept.items() if name.endswith(("weight", "bias")))
    card = CARD.format(
        count=f"{count:,}".replace(",", " "), epochs=EPOCHS,
        validation=figures["validation_accuracy"], test=figures["test_accuracy"],
    )  # fmt: skip
    FILE.with_suffix(".md").write_text(card)
    sys.stdout.write(card)


if __name__ == "__main__":
    main()
