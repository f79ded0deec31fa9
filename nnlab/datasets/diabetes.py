"""Diabetes patients and how their illness went on."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples

INPUTS = (
    "Age (years)",
    "Sex (1 or 2)",
    "Body mass index (kg/m²)",
    "Mean blood pressure (mm Hg)",
    "Total cholesterol (mg/dl)",
    "LDL cholesterol (mg/dl)",
    "HDL cholesterol (mg/dl)",
    "Total ÷ HDL cholesterol",
    "Triglycerides (logarithm)",
    "Blood sugar (mg/dl)",
)
ANSWERS = ("Progression after a year",)


@DATASETS.register("diabetes")
@dataclass(frozen=True)
class Diabetes(Dataset):
    """442 diabetes patients: how far the illness has gone on after a year, going by ten measurements at the start.

    Published by Efron and others in 2004. The answer is a score from 25 to 346, and much of it is chance:
    no method explains much more than half of it.
    """

    title = "Diabetes"
    category = "Real tables"

    def spec(self) -> DataSpec:
        """Ten measurements, one score to predict."""
        return DataSpec((10,), "values", INPUTS, ANSWERS, rows=442, axes=(2, 8))

    def make(self) -> Samples:
        """The table as it comes with scikit-learn, in its original units."""
        from sklearn.datasets import load_diabetes

        table = load_diabetes(scaled=False)
        return Samples(table.data.astype(np.float32), table.target[:, None].astype(np.float32))
