"""The outline of an object, pixel by pixel, by a U-shaped network."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example
from nnlab.core.layer import Layer
from nnlab.core.schedule import SCHEDULES

WIDTHS = (12, 24, 32)

NOTES = """\
The network answers with a picture: for each pixel, whether it belongs to the object. On the way down the picture gets \
smaller, so that filters see more of it; on the way up it gets its size back. The two long wires are the skips: they \
bring the fine edges from before. The figure is the overlap of the outline found with the right one (IoU).
Try next: cut both skips at the Concat layers and see the outline become coarse, or predict the parts of each object.
"""


def stage(name: str, filters: int) -> dict[str, Layer]:
    """Filters, their results brought to one scale, and what is positive of them."""
    return {
        name: layer("Conv2d", out_channels=filters, bias=False),
        f"{name}_norm": layer("BatchNorm2d"),
        f"{name}_relu": layer("ReLU"),
    }


def make() -> Document:
    """The document of this example."""
    small, middle, large = WIDTHS
    return Document(
        graph=wired(
            {
                "picture": layer("Input"),
                **stage("fine", small),
                "half": layer("MaxPool2d"),
                **stage("coarse", middle),
                "quarter": layer("MaxPool2d"),
                **stage("bottom", large),
                "up": layer("Upsample"),
                "with_coarse": layer("Concat"),
                **stage("coarse_again", middle),
                "up_again": layer("Upsample"),
                "with_fine": layer("Concat"),
                **stage("fine_again", small),
                "outline": layer("Conv2d", out_channels=1, kernel_size=1),
                "output": layer("Output"),
            },
            *("picture > fine", "fine > fine_norm", "fine_norm > fine_relu", "fine_relu > half"),
            *("half > coarse", "coarse > coarse_norm", "coarse_norm > coarse_relu", "coarse_relu > quarter"),
            *("quarter > bottom", "bottom > bottom_norm", "bottom_norm > bottom_relu", "bottom_relu > up"),
            *("up > with_coarse", "coarse_relu > with_coarse", "with_coarse > coarse_again"),
            *("coarse_again > coarse_again_norm", "coarse_again_norm > coarse_again_relu"),
            *("coarse_again_relu > up_again", "up_again > with_fine", "fine_relu > with_fine"),
            *("with_fine > fine_again", "fine_again > fine_again_norm", "fine_again_norm > fine_again_relu"),
            *("fine_again_relu > outline", "outline > output"),
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
