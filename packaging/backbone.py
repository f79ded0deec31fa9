"""Trains the backbone that the example "Few pictures" begins with, and writes it beside that example.

Run it from the repository's root: python packaging/backbone.py. The network is that of the example "PicWorld", trained on
3,000 pictures of the eight objects at level 0.7; the four objects of "Few pictures" are never among them.
"""

from pathlib import Path

import numpy as np

import nnlab
from nnlab.core.writing import attribute_names

TARGET = Path(__file__).resolve().parents[1] / "nnlab" / "examples" / "picworld_backbone.npz"
LEFT_OUT = "linear"  # the head: it knows eight objects, and the example has four others


def main() -> None:
    """Train, say how well it does, and write plain arrays named as the layers are."""
    project = nnlab.Project.example("picworld-cnn")
    project.set_data(dataset="picworld", samples=3000, level=0.7)
    project.set_training(epochs=8)
    project.train(device="cpu", seed=0)
    print(project.run.metrics)  # noqa: T201
    names = {attribute: node for node, attribute in attribute_names(project.document.graph).items()}
    arrays = {}
    for name, array in project.weights.items():
        attribute, _, rest = name.partition(".")
        if names[attribute] != LEFT_OUT:
            arrays[f"{names[attribute]}/{rest}"] = np.array(array)
    np.savez_compressed(TARGET, **arrays)


if __name__ == "__main__":
    main()
