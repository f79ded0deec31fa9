"""VGG, made small."""

from nnlab.core.chain import chain, layer, row_block
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import Layer
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
Nothing but windows of 3 × 3: two of them see as much as one of 5 × 5, with fewer weights and one more bend between them \
(Simonyan and Zisserman, 2014). After each stage the picture is half as wide and has twice the maps. Open a stage to see it.
Try next: a third convolution in each stage; and notice from which depth on it learns worse, not better: see ResNet-18.
"""


def stage(filters: int) -> Layer:
    """Two convolutions with batch norm, and half the size."""
    parts: dict[str, Layer] = {}
    for k in (1, 2):
        parts[f"conv_{k}"] = layer("Conv2d", out_channels=filters, bias=False)
        parts |= {f"norm_{k}": layer("BatchNorm2d"), f"relu_{k}": layer("ReLU")}
    parts["pool"] = layer("MaxPool2d")
    return row_block("VGG stage", parts, [("filters", ("conv_1.out_channels", "conv_2.out_channels"))])


def make() -> Document:
    """The document of this template."""
    data = DATASETS["picworld"]()
    return Document(
        graph=chain(
            layer("Input"),
            stage(16),
            stage(32),
            stage(64),
            layer("Flatten"),
            layer("Linear", out_features=128),
            layer("ReLU"),
            layer("Dropout"),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.002, batch_size=32, epochs=8),
        title="VGG, small",
        notes=NOTES,
    )


TEMPLATES.register("vgg-mini")(
    Template("VGG, small", "Stages of two 3 × 3 convolutions, each half as wide with twice the maps.", make, order=70)
)
