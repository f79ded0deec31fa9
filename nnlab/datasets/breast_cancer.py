"""Cell nuclei of breast tumours, measured under the microscope."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples

MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
INPUTS = (
    *(f"Mean {measure}" for measure in MEASURES),
    *(f"{measure[0].upper()}{measure[1:]} error" for measure in MEASURES),
    *(f"Worst {measure}" for measure in MEASURES),
)
CLASSES = ("Malignant", "Benign")


@DATASETS.register("breast-cancer")
@dataclass(frozen=True)
class BreastCancer(Dataset):
    """569 breast tumours: malignant (dangerous) or benign (harmless), going by pictures of their cell nuclei.

    Ten properties of the nuclei, each as the mean, its standard error, and the mean of the three largest
    ("worst") in the picture. From the University of Wisconsin, 1995. For learning only, not for medicine.
    """

    title = "Breast cancer"
    category = "Real tables"

    def spec(self) -> DataSpec:
        """Thirty measurements, two classes."""
        return DataSpec((30,), "classes", INPUTS, CLASSES, rows=569, axes=(20, 27))

    def make(self) -> Samples:
        """The table as it comes with scikit-learn."""
        from sklearn.datasets import load_breast_cancer

        table = load_breast_cancer()
        return Samples(table.data.astype(np.float32), table.target.astype(np.int64))
