"""Rows of numbers for words: a table that is learned."""

from dataclasses import dataclass
from math import prod

from nnlab.core import words
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

TABLE_LIMIT = 65_536  # rows and columns of a table
DEFAULT_ROWS = 100


def _check_padding(padding: int | None, rows: int) -> None:
    if padding is not None and padding >= rows:
        raise ShapeError(
            f"has {words.plural(rows, 'row')}, numbered from 0, and row {padding} stands for padding: "
            "make the padding number smaller or the vocabulary larger"
        )


@LAYERS.register("Embedding")
@dataclass(frozen=True)
class Embedding(Layer):
    """Looks up a learned row of numbers for each word, letter or other whole number.

    The number of a word says nothing of its meaning: 7 is not more than 3. So each gets a row of its own in a table,
    and training moves the rows of words that do the same thing close together.
    """

    title = "Embedding"
    category = "Core"
    tier = 2
    formula = "y = row i of the table"
    inputs = (Port("in", "i"),)
    fits = (((7,),), ((1,),), ((3, 4),))

    num_embeddings: int = param(
        DEFAULT_ROWS,
        "How many different whole numbers there are, counted from 0: one row of the table for each.",
        low=2,
        high=TABLE_LIMIT,
        label="Vocabulary",
    )
    embedding_dim: int = param(
        8, "How many numbers stand for one word.", low=1, high=TABLE_LIMIT, label="Numbers per word"
    )
    padding_idx: int | None = param(
        None,
        "The whole number that only fills up short samples: its row stays 0 and learns nothing. Empty: there is none.",
        kind="int",
        low=0,
        high=TABLE_LIMIT,
        optional=True,
        label="Padding number",
        advanced=True,
    )
    max_norm: float | None = param(
        None,
        "Rows longer than this are shortened to it whenever they are used. Empty: they may grow.",
        kind="float",
        low=0.001,
        high=TABLE_LIMIT,
        optional=True,
        label="Longest row",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """A further axis at the end."""
        _check_padding(self.padding_idx, self.num_embeddings)
        return (*shapes[0], self.embedding_dim)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """The table."""
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Embedding."""
        options = {"padding_idx": self.padding_idx, "max_norm": self.max_norm}
        chosen = {name: value for name, value in options.items() if value is not None}
        return TorchCode.of_module("nn.Embedding", self.num_embeddings, self.embedding_dim, **chosen)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Which row of the table it is."""
        table = spot.parameters.get("weight")
        row = int(spot.inputs[0][spot.place[:-1]])
        if table is None or not 0 <= row < len(table) or self.max_norm is not None:
            return None
        found = float(table[row, spot.place[-1]])
        return spot.output_formula(self.formula, f", number {spot.place[-1] + 1} of row {row} of the table", found)

    def summary(self) -> str:
        """The table's size."""
        return f"{self.num_embeddings} → {self.embedding_dim}"


@LAYERS.register("EmbeddingBag")
@dataclass(frozen=True)
class EmbeddingBag(Layer):
    """Looks up a learned row for each word and makes one row of them all, whatever their order: a bag of words.

    Quick, and often enough to tell what a text is about. It cannot tell "not good" from "good, not".
    """

    title = "Embedding bag"
    category = "Core"
    tier = 3
    formula = "y = mean (sum, max) of the rows of all words"
    inputs = (Port("in", "i"),)
    fits = (((7,),), ((1,),))

    num_embeddings: int = param(
        DEFAULT_ROWS,
        "How many different whole numbers there are, counted from 0: one row of the table for each.",
        low=2,
        high=TABLE_LIMIT,
        label="Vocabulary",
    )
    embedding_dim: int = param(
        8, "How many numbers stand for one word.", low=1, high=TABLE_LIMIT, label="Numbers per word"
    )
    mode: str = param(
        "mean",
        "What is made of the rows: their mean, their sum, or the largest of each column.",
        choices={"mean": "Mean", "sum": "Sum", "max": "Largest"},
    )
    padding_idx: int | None = param(
        None,
        "The whole number that only fills up short samples: it is left out of the bag. Empty: there is none.",
        kind="int",
        low=0,
        high=TABLE_LIMIT,
        optional=True,
        label="Padding number",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """One row."""
        if len(shapes[0]) != 1:
            raise ShapeError(
                f"needs a row of whole numbers (N × length), and gets {shape_text(shapes[0])}: "
                "put a Flatten before it, or use an Embedding"
            )
        _check_padding(self.padding_idx, self.num_embeddings)
        return (self.embedding_dim,)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """The table."""
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def flops(self, *shapes: Shape) -> int:
        """One sum per number looked up."""
        return prod(shapes[0]) * self.embedding_dim

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.EmbeddingBag."""
        options: dict[str, object] = {} if self.mode == "mean" else {"mode": self.mode}
        if self.padding_idx is not None:
            options["padding_idx"] = self.padding_idx
        return TorchCode.of_module("nn.EmbeddingBag", self.num_embeddings, self.embedding_dim, **options)

    def summary(self) -> str:
        """The table's size and what is made of its rows."""
        return f"{self.num_embeddings} → {self.embedding_dim} · {self.mode}"
