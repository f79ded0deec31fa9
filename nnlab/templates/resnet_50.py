"""ResNet-50 for small pictures."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import Layer
from nnlab.core.ready import READY
from nnlab.core.schedule import SCHEDULES
from nnlab.core.template import TEMPLATES, Template

NARROW = 16
WIDER = 4  # what leaves a bottleneck, in multiples of its narrow middle
BLOCKS = (3, 4, 6, 3)

NOTES = """\
Each block narrows to a quarter of its maps, filters those, and widens again: a bottleneck, cheap enough for 50 layers (He and \
others, 2015). The first block of each stage changes the size, and its way round goes through a 1 × 1 convolution. For \
pictures of 32 × 32 the first window is 3 × 3 and nothing is halved before the first stage; with a quarter of the filters.
It is slow without a GPU. Try next: 23 blocks in the third stage make a ResNet-101.
"""


def stage(number: int, blocks: int) -> tuple[Layer, ...]:
    """A block that changes the size, and others that keep it."""
    narrow = NARROW * 2**number
    sizes = {"filters": WIDER * narrow, "narrow": narrow}
    first = READY["bottleneck"].block().with_(**sizes, stride=1 if number == 0 else 2)
    return first, READY["bottleneck-same"].block().with_(**sizes, repeat=blocks - 1)


def make() -> Document:
    """The document of this template."""
    data = DATASETS["picworld"]()
    return Document(
        graph=chain(
            layer("Input"),
            layer("Conv2d", out_channels=NARROW, bias=False),
            layer("BatchNorm2d"),
            layer("ReLU"),
            *(each for number, blocks in enumerate(BLOCKS) for each in stage(number, blocks)),
            layer("GlobalAvgPool2d"),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.003, schedule=SCHEDULES["one-cycle"](), batch_size=32, epochs=6),
        title="ResNet-50, small",
        notes=NOTES,
    )


TEMPLATES.register("resnet-50")(
    Template("ResNet-50, small", "Sixteen bottlenecks in a row: narrow, filter, widen, and add.", make, order=90)
)
