"""The outline of an object, pixel by pixel, by a U-shaped network."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.graph import Graph
from nnlab.core.layer import Layer
from nnlab.core.schedule import SCHEDULES

WIDTHS = (12, 24, 32)

NOTES = """\
The network answers with a picture: for each pixel, whether it belongs to the object. On the way down the picture gets \
smaller, so that filters see more of it; on the way up it gets its size back. The two long wires are the skips: they \
bring the fine edges from before. The figure is the overlap of the outline found with the right one (IoU).
Try next: open a block and look at its maps; have the parts of each object predicted in place of its outline (the last \
convolution then needs a map for each); or take a skip away, inside its block as well, and see the outline become coarse.
"""


def convolution() -> dict[str, Layer]:
    """Filters, their results brought to one scale, and what is positive of them."""
    return {"conv": layer("Conv2d", bias=False), "norm": layer("BatchNorm2d"), "relu": layer("ReLU")}


def down(filters: int) -> Layer:
    """Filters, then half the size; what was before goes out as well."""
    parts = {"x": layer("BlockInput"), **convolution(), "pool": layer("MaxPool2d"), "y": layer("BlockOutput")}
    inner = wired(
        {**parts, "skip": layer("BlockOutput", name="skip")},
        *("x > conv", "conv > norm", "norm > relu", "relu > pool", "pool > y", "relu > skip"),
    )
    return block("Down", inner, filters)


def bottom(filters: int) -> Layer:
    """Filters that see the smallest picture."""
    parts = {"x": layer("BlockInput"), **convolution(), "y": layer("BlockOutput")}
    return block("Bottom", wired(parts, "x > conv", "conv > norm", "norm > relu", "relu > y"), filters)


def up(filters: int) -> Layer:
    """Twice the size, joined with what was kept on the way down, then filters."""
    parts = {"x": layer("BlockInput"), "skip": layer("BlockInput", name="skip"), "up": layer("Upsample")}
    inner = wired(
        {**parts, "join": layer("Concat"), **convolution(), "y": layer("BlockOutput")},
        *("x > up", "up > join", "skip > join", "join > conv", "conv > norm", "norm > relu", "relu > y"),
    )
    return block("Up", inner, filters)


def block(called: str, inner: Graph, filters: int) -> Layer:
    """Layers as one, with the number of filters shown outside."""
    promoted = (("filters", ("conv.out_channels",)),)
    return layer("Block", called=called, inner=inner, promoted=promoted).with_(filters=filters)


def make() -> Document:
    """The document of this example."""
    fine, coarse, smallest = WIDTHS
    return Document(
        graph=wired(
            {
                "picture": layer("Input"),
                "down": down(fine),
                "down_again": down(coarse),
                "bottom": bottom(smallest),
                "up": up(coarse),
                "up_again": up(fine),
                "outline": layer("Conv2d", out_channels=1, kernel_size=1),
                "output": layer("Output"),
            },
            *("picture > down", "down > down_again", "down_again > bottom", "bottom > up", "up > up_again"),
            *("down_again.skip > up.skip", "down.skip > up_again.skip", "up_again > outline", "outline > output"),
        ),
        data=Data(dataset=DATASETS["picworld"]().with_(target="outline")),
        training=Training(learning_rate=0.008, schedule=SCHEDULES["one-cycle"](), batch_size=16, epochs=3, threads=1),
        title="Outlines",
        notes=NOTES,
    )


EXAMPLES.register("outlines")(
    Example(
        title="Outlines",
        blurb="Find every pixel of an object with a U-shaped network whose skips bring back the fine edges.",
        make=make,
        goal=0.78,
        order=202,
    )
)
