"""Losses in which one class may count more than another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from nnlab.core import words
from nnlab.core.dataset import Target
from nnlab.core.loss import Loss
from nnlab.core.param import param
from nnlab.errors import BuildError, ShapeError

LINE = 100  # characters of code that are not broken
IN_A_ROW = 5  # weights in one line of code
DIGITS = 6  # of a balanced weight: enough, and short in exported code


@dataclass(frozen=True)
class ClassWeights(Loss):
    """A loss that multiplies what it says of a sample by the weight of its class, as torch's `weight` does."""

    class_weights: str = param(
        "none",
        "How much each class counts. Balanced: rare ones as much as common ones, by how many the training part has.",
        choices={"none": "All alike", "balanced": "Balanced", "own": "My own"},
    )
    weights: str = param(
        "",
        "My own: a number for each class, in the order of the classes, such as 1, 2, 0.5.",
        label="Weights",
        advanced=True,
    )

    @property
    def asks_for(self) -> tuple[str, ...]:
        """Weights of one's own must be typed."""
        return ("weights",) if self.class_weights == "own" and not self.weights else ()

    @property
    def learns_from_counts(self) -> bool:
        """Balanced weights come from the training part."""
        return self.class_weights == "balanced"

    @property
    def factors(self) -> tuple[float, ...]:
        """The weight of each class; empty where all count alike. BuildError as long as balanced ones are not known."""
        if self.class_weights == "balanced":
            raise BuildError("Balanced weights are not known before the samples of each class are counted")
        return _numbers(self.weights) if self.class_weights == "own" else ()

    def fitted(self, counts: Sequence[int]) -> Self:
        """Balanced weights as numbers: samples / (classes * samples of the class); 1 for a class that has none."""
        if self.class_weights != "balanced":
            return self
        even = sum(counts) / max(1, len(counts))
        shares = (float(f"{even / n:.{DIGITS}g}") if n else 1.0 for n in counts)
        return self.with_(class_weights="own", weights=", ".join(repr(share) for share in shares))

    def check_weights(self, spec: Target) -> None:
        """ShapeError with a remedy if there is not one weight for each class."""
        given = len(_numbers(self.weights)) if self.class_weights == "own" else spec.width
        if given != spec.width:
            raise ShapeError(
                f"has {words.plural(spec.width, 'class', 'classes')}, and its loss has "
                f"{words.plural(given, 'weight') if given else 'no weights'}: give one number for each class, "
                "or choose Balanced"
            )

    def weight_argument(self) -> tuple[str, ...]:
        """The weights as an argument of torch's function; none where all count alike."""
        return (f"weight={self.weight_tensor()}",) if self.factors else ()

    def weight_tensor(self, deep: int = 8) -> str:
        """The weights as torch code, beside the prediction; more than a few of them in lines of their own."""
        shown = [repr(each) for each in self.factors]
        if len(shown) <= IN_A_ROW:
            return f"prediction.new_tensor([{', '.join(shown)}])"
        inner, outer = " " * (deep + 8), " " * (deep + 4)
        rows = "".join(f"{inner}{', '.join(shown[k : k + IN_A_ROW])},\n" for k in range(0, len(shown), IN_A_ROW))
        return f"prediction.new_tensor(\n{outer}[\n{rows}{outer}]\n{' ' * deep})"


def call(name: str, *arguments: str) -> str:
    """A call in code, with each argument in a line of its own where one line would be long."""
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= LINE and "\n" not in line:
        return line
    listed = "".join(f"        {each},\n" for each in arguments)
    return f"{name}(\n{listed}    )"


def _numbers(text: str) -> tuple[float, ...]:
    """The weights that a text names; ShapeError with a remedy if it names anything else."""
    try:
        found = tuple(float(part) for part in text.replace(";", ",").split(",") if part.strip())
    except ValueError:
        found = (0.0,)
    if not all(1e-9 <= each <= 1e9 for each in found):  # refuses what is not a number as well
        raise ShapeError(
            f"has a loss with the weights {text[:40]!r}, and these must be numbers above 0: "
            "write one for each class, such as 1, 2, 0.5"
        )
    return found
