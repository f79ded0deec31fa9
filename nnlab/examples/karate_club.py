"""Two members of a club take sides; the others are found by their friends."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
34 members of a club that fell apart. The network is told the side of two of them, the teacher and the officer; it is \
judged by the other 32. Each graph convolution mixes what a member knows with what its friends know: after two of them, \
the sides have spread to friends of friends.
Try next: turn the friendships off under Data: nothing can spread, and it can only guess. Or take one convolution.
"""


def make() -> Document:
    """The document of this example."""
    return Document(
        graph=wired(
            {
                "members": layer("Input", source="members"),
                "friendships": layer("Input", source="friendships"),
                "friends": layer("GCNConv", out_channels=8),
                "tanh": layer("Tanh"),
                "friends_of_friends": layer("GCNConv", out_channels=2),
                "output": layer("Output"),
            },
            "members > friends",
            "friendships > friends.edges",
            "friends > tanh",
            "tanh > friends_of_friends",
            "friendships > friends_of_friends.edges",
            "friends_of_friends > output",
        ),
        data=Data(dataset=DATASETS["karate-club"](), standardise=False),
        training=Training(learning_rate=0.01, batch_size=1, epochs=200),
        title="Friends' club",
        notes=NOTES,
    )


EXAMPLES.register("karate-club")(
    Example(
        title="Friends' club",
        blurb="Two of 34 people take sides, and the network finds the side of all others from who is friends with whom.",
        make=make,
        goal=0.9,
        order=226,
    )
)
