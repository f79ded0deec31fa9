"""Three kinds of iris flowers, measured."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples

INPUTS = ("Sepal length (cm)", "Sepal width (cm)", "Petal length (cm)", "Petal width (cm)")
CLASSES = ("Setosa", "Versicolor", "Virginica")


@DATASETS.register("iris")
@dataclass(frozen=True)
class Iris(Dataset):
    """150 iris flowers of three kinds, told apart by the length and width of their leaves.

    Collected by Edgar Anderson and published by Ronald Fisher in 1936: the most famous small table there is.
    Petals are the coloured leaves, sepals the green ones around them.
    """

    title = "Iris flowers"
    category = "Real tables"

    def spec(self) -> DataSpec:
        """Four lengths, three kinds."""
        return DataSpec((4,), "classes", INPUTS, CLASSES, rows=150, axes=(2, 3))

    def make(self) -> Samples:
        """The table as it comes with scikit-learn."""
        from sklearn.datasets import load_iris

        table = load_iris()
        return Samples(table.data.astype(np.float32), table.target.astype(np.int64))
