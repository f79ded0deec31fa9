"""ResNet-18 for small pictures."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.ready import READY
from nnlab.core.schedule import SCHEDULES
from nnlab.core.template import TEMPLATES, Template

FILTERS = 16

NOTES = """\
Two convolutions make a block, and a wire leads past both to an Add: each block only adds to what came in, so that depth does \
no harm (He and others, 2015). Four stages of two blocks, with a first convolution and a last layer: 18 with weights. For \
pictures of 32 × 32 the first window is 3 × 3 and nothing is halved before the first stage; with a quarter of the filters.
Try next: repeat the blocks of each stage more often: three, four, six and three make a ResNet-34.
"""


def make() -> Document:
    """The document of this template."""
    data = DATASETS["picworld"]()
    same, half = READY["residual"], READY["residual-down"]
    stages = []
    for k in (1, 2, 3):
        stages += [half.block().with_(filters=FILTERS * 2**k), same.block().with_(filters=FILTERS * 2**k)]
    return Document(
        graph=chain(
            layer("Input"),
            layer("Conv2d", out_channels=FILTERS, bias=False),
            layer("BatchNorm2d"),
            layer("ReLU"),
            same.block().with_(filters=FILTERS, repeat=2),
            *stages,
            layer("GlobalAvgPool2d"),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.004, schedule=SCHEDULES["one-cycle"](), batch_size=32, epochs=6),
        title="ResNet-18, small",
        notes=NOTES,
    )


TEMPLATES.register("resnet-18")(
    Template(
        "ResNet-18, small", "Blocks that add to what came in, so that 18 layers learn as well as 8.", make, order=80
    )
)
