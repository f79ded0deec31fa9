"""Wines of three growers, analysed."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples

INPUTS = (
    "Alcohol (%)",
    "Malic acid",
    "Ash",
    "Alcalinity of ash",
    "Magnesium (mg/l)",
    "Total phenols",
    "Flavanoids",
    "Nonflavanoid phenols",
    "Proanthocyanins",
    "Colour intensity",
    "Hue",
    "OD280/OD315 of diluted wine",
    "Proline (mg/l)",
)
CLASSES = ("Grower 1", "Grower 2", "Grower 3")


@DATASETS.register("wine")
@dataclass(frozen=True)
class Wine(Dataset):
    """178 wines from one region of Italy: which of three growers made it, going by thirteen chemical measurements.

    The columns differ in size by a factor of a thousand, so this table shows what standardising is good for.
    """

    title = "Wine"
    category = "Real tables"

    def spec(self) -> DataSpec:
        """Thirteen measurements, three growers."""
        return DataSpec((13,), "classes", INPUTS, CLASSES, rows=178, axes=(6, 9))

    def make(self) -> Samples:
        """The table as it comes with scikit-learn."""
        from sklearn.datasets import load_wine

        table = load_wine()
        return Samples(table.data.astype(np.float32), table.target.astype(np.int64))
