"""The outline of an object, pixel by pixel, by a U-shaped network."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.ready import READY
from nnlab.core.schedule import SCHEDULES

WIDTHS = (12, 24, 32)

NOTES = """\
The network answers with a picture: for each pixel, whether it belongs to the object. On the way down the picture gets \
smaller, so that filters see more of it; on the way up it gets its size back. The two long wires are the skips: they \
bring the fine edges from before. The figure is the overlap of the outline found with the right one (IoU).
Try next: cut both skips at the Concat layers and see the outline become coarse, or predict the parts of each object.
"""


def stage(filters: int) -> Layer:
    """The ready block of a convolution, batch norm and ReLU, with so many filters."""
    return READY["conv-bn-relu"].block().with_(filters=filters)


def make() -> Document:
    """The document of this example."""
    small, middle, large = WIDTHS
    return Document(
        graph=wired(
            {
                "picture": layer("Input"),
                "fine": stage(small),
                "half": layer("MaxPool2d"),
                "coarse": stage(middle),
                "quarter": layer("MaxPool2d"),
                "bottom": stage(large),
                "up": layer("Upsample"),
                "with_coarse": layer("Concat"),
                "coarse_again": stage(middle),
                "up_again": layer("Upsample"),
                "with_fine": layer("Concat"),
                "fine_again": stage(small),
                "outline": layer("Conv2d", out_channels=1, kernel_size=1),
                "output": layer("Output"),
            },
            *("picture > fine", "fine > half", "half > coarse", "coarse > quarter", "quarter > bottom"),
            *("bottom > up", "up > with_coarse", "coarse > with_coarse", "with_coarse > coarse_again"),
            *("coarse_again > up_again", "up_again > with_fine", "fine > with_fine", "with_fine > fine_again"),
            *("fine_again > outline", "outline > output"),
        ),
        data=Data(dataset=DATASETS["picworld"]().with_(target="outline")),
        training=Training(learning_rate=0.008, schedule=SCHEDULES["one-cycle"](), batch_size=16, epochs=3),
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
