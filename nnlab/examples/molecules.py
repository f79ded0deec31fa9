"""A property of molecules, from who is joined to whom."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.schedule import SCHEDULES

ROUNDS, WIDTH = 4, 48

NOTES = """\
Molecules as graphs: atoms, and who is joined to whom. In each round every atom hears what its neighbours know; after \
four rounds it knows of atoms four bonds away. Then all atoms of a molecule are added up, and one number is said. The same \
atoms and bonds enter at several Inputs, so that wires stay short.
Counting atoms explains about a third of the property (R² 0.34); the rest is in the bonds: rings, branches, free places.
Try next: the mean in the place of the sum in the rounds (a mean cannot count), or a single round.
"""


def make() -> Document:
    """The document of this example."""
    layers: dict[str, Layer] = {"atoms": layer("Input", source="atoms")}
    wires, last = [], "atoms"
    for k in range(1, ROUNDS + 1):
        layers[f"bonds_{k}"] = layer("Input", source="bonds")
        layers[f"round_{k}"] = layer("SAGEConv", out_channels=WIDTH, aggregator="sum")
        layers[f"relu_{k}"] = layer("ReLU")
        wires += [f"{last} > round_{k}", f"bonds_{k} > round_{k}.edges", f"round_{k} > relu_{k}"]
        last = f"relu_{k}"
    layers |= {
        "all_atoms": layer("Input", source="atoms"),
        "empty": layer("NodeMask"),
        "molecule": layer("GraphPool"),
        "property": layer("Linear", out_features=1),
        "output": layer("Output"),
    }
    wires += [
        "all_atoms > empty",
        f"{last} > molecule",
        "empty > molecule.mask",
        "molecule > property",
        "property > output",
    ]
    return Document(
        graph=wired(layers, *wires),
        data=Data(dataset=DATASETS["molecules"](), standardise=False),
        training=Training(learning_rate=0.002, batch_size=64, epochs=40, schedule=SCHEDULES["cosine"]()),
        title="Molecules",
        notes=NOTES,
    )


EXAMPLES.register("molecules")(
    Example(
        title="Molecules",
        blurb="Atoms pass messages to the atoms they are joined to, until the molecule's property can be told.",
        make=make,
        goal=0.97,
        order=225,
    )
)
