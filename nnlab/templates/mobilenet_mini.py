"""MobileNet, made small."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import Layer
from nnlab.core.ready import READY
from nnlab.core.schedule import SCHEDULES
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
A convolution is taken apart: a window for each map by itself, then a 1 × 1 convolution that mixes the maps: a fraction of the \
weights, so that it runs on a phone (Howard and others, 2017; Sandler and others, 2018). Inverted residual blocks widen before \
the window and narrow after it; separable convolutions halve the picture between them.
Try next: plain convolutions in the place of the separable ones, and compare weights and speed.
"""


def halved(filters: int) -> tuple[Layer, ...]:
    """A separable convolution that halves the picture."""
    conv = layer("SeparableConv2d", out_channels=filters, stride=2, padding=1, bias=False)
    return conv, layer("BatchNorm2d"), layer("ReLU6")


def inverted(filters: int, repeat: int) -> Layer:
    """Blocks that widen fourfold, filter each map alone, narrow and add."""
    return READY["inverted-residual"].block().with_(wide=4 * filters, filters=filters, repeat=repeat)


def make() -> Document:
    """The document of this template."""
    data = DATASETS["picworld"]()
    return Document(
        graph=chain(
            layer("Input"),
            layer("Conv2d", out_channels=16, bias=False),
            layer("BatchNorm2d"),
            layer("ReLU6"),
            *halved(24),
            inverted(24, 2),
            *halved(48),
            inverted(48, 2),
            layer("GlobalAvgPool2d"),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.004, schedule=SCHEDULES["one-cycle"](), batch_size=32, epochs=8),
        title="MobileNet, small",
        notes=NOTES,
    )


TEMPLATES.register("mobilenet-mini")(
    Template("MobileNet, small", "Convolutions taken apart, so that few weights and sums are needed.", make, order=100)
)
