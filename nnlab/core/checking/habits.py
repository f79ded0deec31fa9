"""What trains, but hardly as it was meant: activations, their absence, dropout and norms in the wrong place."""

from collections.abc import Iterator
from functools import partial

from nnlab.core.chain import layer
from nnlab.core.checking.answers import first_with_picture
from nnlab.core.fixes import Fix, bypass, fix_graph, insert, putting, setting, swap_layer
from nnlab.core.graph import Graph
from nnlab.core.layer import LAYERS
from nnlab.core.mistake import mistake
from nnlab.core.problem import FLATTEN, LINEAR, OUTPUT, Case, Problem

PICTURE_INTO_LINEAR = mistake(
    "picture-into-linear", "A picture into a Linear", "warning",
    "A Linear works on the last axis alone: of a picture that is each row of pixels by itself.",
)  # fmt: skip
LINEAR_TWICE = mistake(
    "linear-twice", "Two Linears with nothing between", "warning",
    "A weighted sum of weighted sums is again a weighted sum: two Linears in a row can do no more than one.",
)  # fmt: skip
CONV_TWICE = mistake(
    "conv-twice", "Two convolutions with nothing between", "warning",
    "Filters of filters are again filters: without an activation between them two can do hardly more than one.",
)  # fmt: skip
ACTIVATION_TWICE = mistake(
    "activation-twice", "Two activations in a row", "warning",
    "An activation bends a sum; behind another activation there is no new sum to bend.",
)  # fmt: skip
NO_ACTIVATION = mistake(
    "no-activation", "No activation anywhere", "warning",
    "Sums, means and norms alone can only draw straight borders, however many layers there are.",
)  # fmt: skip
SOFTMAX_INSIDE = mistake(
    "softmax-inside", "Softmax between two Linears", "warning",
    "Softmax lets one number win and presses the others to 0; in the middle of a network little is left to learn from.",
)  # fmt: skip
MANY_SIGMOIDS = mistake(
    "many-sigmoids", "Many Sigmoids one after the other", "warning",
    "The slope of a Sigmoid is at most a quarter, so after five of them hardly a thousandth of the gradient is left.",
)  # fmt: skip
SQUASHED_VALUES = mistake(
    "squashed-values", "An activation that values cannot get past", "warning",
    "A value to predict can be any number; ReLU, Sigmoid or Tanh as the last layer let only some through.",
)  # fmt: skip
SQUASHED_SCORES = mistake(
    "squashed-scores", "An activation that keeps scores small", "warning",
    "Scores of classes may grow as large as the network is sure; a last activation keeps it from ever being sure.",
)  # fmt: skip
DROPOUT_LAST = mistake(
    "dropout-last", "Dropout right before the Output", "warning",
    "Dropout makes numbers 0 at random; at the end it strikes out answers themselves.",
)  # fmt: skip
DROPOUT_ALL = mistake(
    "dropout-all", "Dropout of everything", "warning", "A share of 1 makes every number 0 while training."
)  # fmt: skip
DROPOUT_NORM = mistake(
    "dropout-before-norm", "Batch norm right after Dropout", "warning",
    "The spread that batch norm measures while training is not the one it meets later, when nothing is dropped.",
)  # fmt: skip
NORM_TWICE = mistake(
    "norm-twice", "Two norms in a row", "warning", "What has mean 0 and spread 1 already does not change in another norm."
)  # fmt: skip
HUGE_LINEAR = mistake(
    "huge-linear", "A huge Linear after a Flatten", "info",
    "A flattened picture has many numbers, and each has a weight to every unit; pooling before it saves most of them.",
)  # fmt: skip
POOL_FIRST = mistake(
    "pool-first", "Pooling before any convolution", "info",
    "Pooling throws details away before any filter has looked at them.",
)  # fmt: skip

SCORE_SPANS = {"ReLU": "at 0 or above", "Tanh": "between −1 and 1"}
SPANS = {**SCORE_SPANS, "Sigmoid": "between 0 and 1", "Softmax": "between 0 and 1"}
PASSING = (FLATTEN, "Dropout", "Identity", "Tap", "Dropout1d", "Dropout2d", "Dropout3d", "DropPath")
"""Layers that let numbers through as they are."""
CONVS = ("Conv1d", "Conv2d", "Conv3d")
BENDING = frozenset(
    [
        "ReLU",
        "LeakyReLU",
        "ELU",
        "SELU",
        "CELU",
        "GELU",
        "SiLU",
        "Mish",
        "Sigmoid",
        "Tanh",
        "Softplus",
        "Softsign",
        "ReLU6",
        "Hardswish",
        "Hardsigmoid",
        "Hardtanh",
    ]
)
STRAIGHT = frozenset(
    [*PASSING, *CONVS, LINEAR, OUTPUT, "Input", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "AvgPool1d", "AvgPool2d",
     "AvgPool3d", "GlobalAvgPool1d", "GlobalAvgPool2d", "GlobalAvgPool3d", "Add", "Average", "Concat", "Reshape",
     "Unflatten", "PointwiseConv2d"]
)  # fmt: skip
"""Layers that are one weighted sum in all, whatever one puts behind the other."""
NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LayerNorm", "GroupNorm")
DROPOUTS = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout")
SIGMOIDS = 5
FEW = 6  # layers that are asked about, where asking about all of a large network would take too long
MANY = 20  # Sigmoids that are counted
HUGE, HUGE_SHARE = 2_000_000, 0.9


def look(case: Case) -> Iterator[Problem]:
    """What trains, but hardly as it was meant."""
    picture = first_with_picture(case)
    if picture:
        said = "gets a picture and works on each of its rows alone: put a Flatten before it to see the whole picture"
        flat = _insert(case, FLATTEN, picture)
        if not case.sound or case.curing([flat]):  # else what follows needs the rows
            yield case.problem(PICTURE_INTO_LINEAR, picture, said, flat)
    straight = [*_twice(case)]
    yield from straight
    if not straight:
        yield from _no_activation(case)
    yield from _activations(case)
    yield from _narrowed(case)
    yield from _dropouts(case)
    yield from _norms(case)
    yield from _sizes(case)


def _twice(case: Case) -> Iterator[Problem]:
    for node_id in (*case.of_kind(LINEAR), *(n for kind in CONVS for n in case.of_kind(kind))):
        if node_id not in case.reached:
            continue
        kind = LINEAR_TWICE if case.kinds[node_id] == LINEAR else CONV_TWICE
        before = _before(case, node_id, (LINEAR,) if kind is LINEAR_TWICE else CONVS)
        if before is None or _is_meant(case, before, node_id):
            continue
        what, more = "two such layers in a row", "no more" if kind is LINEAR_TWICE else "hardly more"
        said = (
            f"follows {case.name(before)} with nothing between: {what} can do {more} than one. "
            "Put an activation between them"
        )
        yield case.problem(kind, node_id, said, _insert(case, "ReLU", node_id))


def _is_meant(case: Case, first: str, second: str) -> bool:
    """Two halves of one layer: a bottleneck of a few numbers, or filters in space and then over channels."""
    if case.kinds[first] == LINEAR:
        narrow, wide = (int(getattr(case.graph.node(n).layer, "out_features", 0)) for n in (first, second))
        inputs = case.document.shapes[first].inputs
        return bool(inputs) and narrow < min(wide, inputs[0][-1])
    layers = [case.graph.node(n).layer for n in (first, second)]
    return any(getattr(each, "groups", 1) != 1 or _is_pointwise(getattr(each, "kernel_size", 1)) for each in layers)


def _is_pointwise(kernel: object) -> bool:
    return kernel == 1 or (isinstance(kernel, tuple) and set(kernel) == {1})


def _before(case: Case, node_id: str, kinds: tuple[str, ...]) -> str | None:
    """The layer of one of these kinds that feeds this one, with nothing between that changes numbers."""
    at = case.only_source(node_id)
    while at is not None:
        if case.kinds[at] in kinds:
            return at
        if case.kinds[at] not in PASSING:
            return None
        at = case.only_source(at)
    return None


def _no_activation(case: Case) -> Iterator[Problem]:
    """Several layers with weights, and nothing but weighted sums on the whole way."""
    if not case.sound or not all(case.kinds[n] in STRAIGHT for n in case.needed):
        return
    learned = [n for n in case.graph.in_order if n in case.needed and case.kinds[n] in (*CONVS, LINEAR)]
    later = [n for n in learned[1:FEW] if any(m in learned for m in case.before([n]) - {n})]
    if later:
        said = (
            "Between Input and Output there are only weighted sums, no activation: all these layers can do no more "
            "than one. Put an activation between them"
        )
        yield case.general(NO_ACTIVATION, said, _insert(case, "ReLU", later[0]))


def _activations(case: Case) -> Iterator[Problem]:
    sigmoids = []
    for node_id in case.graph.in_order:
        kind, before = case.kinds[node_id], case.only_source(node_id)
        if node_id not in case.needed or before is None or node_id not in case.reached:
            continue
        if kind in BENDING and case.kinds[before] in BENDING:
            said = f"follows the activation {case.name(before)}: there is nothing new to bend. Remove one of them"
            yield case.problem(ACTIVATION_TWICE, node_id, said, _without(case, before), _without(case, node_id))
        if kind == LINEAR and case.kinds[before] == "Softmax" and len(case.graph.outgoing[before]) == 1:
            said = f"feeds {case.name(node_id)}: Softmax belongs at the end, inside it presses nearly all numbers to 0"
            swap = fix_graph(
                f"Put a ReLU in the place of {case.name(before)}",
                partial(swap_layer, node_id=before, kind="ReLU"),
            )
            yield case.problem(SOFTMAX_INSIDE, before, said, swap)
        sigmoids += [node_id] if kind == "Sigmoid" else []
    yield from _fading(case, sigmoids)


def _fading(case: Case, sigmoids: list[str]) -> Iterator[Problem]:
    """Sigmoids of which each depends on the one before."""
    if len(sigmoids) < SIGMOIDS or any(kind in ("Add", "Block", *NORMS) for kind in case.kinds.values()):
        return
    inner = [n for n in sigmoids if not any(case.kinds[k.target] == OUTPUT for k in case.graph.outgoing[n])]
    row = [n for k, n in enumerate(inner[:MANY]) if k == 0 or inner[k - 1] in case.graph.upstream(n)]
    if len(row) >= SIGMOIDS:
        said = f"is the last of {len(row)} Sigmoids one after the other: hardly any gradient reaches the first layers"

        def swap(graph: Graph) -> Graph:
            for node_id in row:
                if LAYERS.id_of(graph.node(node_id).layer) == "Sigmoid":
                    graph = swap_layer(graph, node_id, "ReLU")
            return graph

        yield case.problem(MANY_SIGMOIDS, row[-1], said, fix_graph("Put a ReLU in the place of each", swap))


def _narrowed(case: Case) -> Iterator[Problem]:
    """An activation as the last word, where it keeps the answer from being what it should be."""
    spec, links = case.document.spec, [k for n in case.outputs[:1] for k in case.graph.incoming[n]]
    if spec is None or not links or links[0].source not in case.reached:
        return
    last, values = links[0].source, spec.targets[0].task == "values"
    named = str(getattr(case.graph.node(case.outputs[0]).layer, "target", ""))
    if named or (not values and case.document.training.loss == "mse"):
        return  # each answer is compared with 0 or 1, or with something else
    span = (SPANS if values else SCORE_SPANS).get(case.kinds[last])
    if span is None:
        return
    why = "and the values to predict need not be" if values else "so the network can never be quite sure"
    said = f"is the last layer and keeps every answer {span}, {why}: remove it"
    yield case.problem(SQUASHED_VALUES if values else SQUASHED_SCORES, last, said, _without(case, last))


def _dropouts(case: Case) -> Iterator[Problem]:
    for node_id, kind in case.kinds.items():
        if kind not in DROPOUTS or node_id not in case.reached or node_id not in case.needed:
            continue
        if getattr(case.graph.node(node_id).layer, "p", 0.0) == 1:
            said = "makes every number 0 while training: the network would learn nothing. Drop about half"
            half = fix_graph(f"Set the share of {case.name(node_id)} to 0.5", setting(node_id, p=0.5))
            yield case.problem(DROPOUT_ALL, node_id, said, half)
        after = [case.kinds[link.target] for link in case.graph.outgoing[node_id]]
        if OUTPUT in after:
            said = "strikes out answers at random, right before the Output: put it before the last layer, or remove it"
            yield case.problem(DROPOUT_LAST, node_id, said, _without(case, node_id))
        for link in case.graph.outgoing[node_id]:
            if case.kinds[link.target].startswith("BatchNorm"):
                said = f"comes before {case.name(link.target)}, which then measures another spread than it meets later"
                yield case.problem(DROPOUT_NORM, node_id, said, _without(case, node_id))
                break


def _norms(case: Case) -> Iterator[Problem]:
    for node_id, kind in case.kinds.items():
        before = case.only_source(node_id)
        if (
            kind in NORMS
            and before is not None
            and case.kinds[before] == kind
            and node_id in case.needed & case.reached
        ):
            said = f"follows {case.name(before)}, which has done the same: remove one of them"
            yield case.problem(NORM_TWICE, node_id, said, _without(case, node_id))


def _sizes(case: Case) -> Iterator[Problem]:
    """Where most weights lie, and where details go."""
    if not case.sound:
        return
    total = sum(case.document.parameter_count(n) or 0 for n in case.needed)
    for node_id in case.of_kind(LINEAR) if total > HUGE else ():
        before, count = case.only_source(node_id), case.document.parameter_count(node_id) or 0
        if before is not None and case.kinds[before] == FLATTEN and count > max(HUGE, HUGE_SHARE * total):
            shape = case.document.shapes[before].inputs[0]
            if len(shape) == 3 and min(shape[1:]) > 4:
                said = (
                    f"has nearly all weights of the network, since {case.name(before)} gives it all places of a picture: "
                    "a pool before that saves most of them"
                )
                pool = layer("AdaptiveAvgPool2d", output_size=4)
                label = f"Insert a pool to 4×4 before {case.name(before)}"
                fewer = fix_graph(label, putting(before, pool))
                yield case.problem(HUGE_LINEAR, node_id, said, fewer)
    yield from _pools(case)


def _pools(case: Case) -> Iterator[Problem]:
    convolved = any(kind in CONVS for kind in case.kinds.values())
    for node_id, kind in case.kinds.items():
        before = case.only_source(node_id)
        first = before is not None and case.kinds[before] == "Input" and len(case.graph.outgoing[before]) == 1
        if convolved and first and kind in ("MaxPool2d", "AvgPool2d") and node_id in case.needed:
            said = "throws details away before any filter has seen them: put it after the first convolution"
            yield case.problem(POOL_FIRST, node_id, said, _without(case, node_id))


def _without(case: Case, node_id: str) -> Fix:
    return fix_graph(f"Remove {case.name(node_id)}", lambda graph: bypass(graph, node_id))


def _insert(case: Case, kind: str, node_id: str) -> Fix:
    return fix_graph(f"Insert a {kind} before {case.name(node_id)}", lambda graph: insert(graph, node_id, layer(kind)))
