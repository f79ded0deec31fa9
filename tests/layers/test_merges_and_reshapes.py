"""Merges and reshapes: the numbers they give, what they say of them, and the sentences where they do not fit."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nnlab.core.formula import Spot
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode
from nnlab.engine.compile import run_text
from nnlab.errors import LinkError, ShapeError


def layer(id_: str, **settings: object) -> Layer:
    return LAYERS[id_](**settings)


def computed(made: Layer, *inputs: Tensor) -> list[Tensor]:
    """What leaves by each output."""
    code: TorchCode = made.torch_code(*(tuple(x.shape[1:]) for x in inputs))
    known: dict[str, Any] = run_text("\n\n".join(s.text for s in code.support))
    known |= {f"x{n}": x for n, x in enumerate(inputs)}
    known["module"] = eval(code.module.source(), known) if code.module else None
    text = code.forward.format(*(f"x{n}" for n in range(len(inputs))), self="module", batch="2")
    known["r"] = eval(text, known)
    return [eval(each.format(r="r"), known) for each in code.results]


A, B = torch.randn(2, 3, 4, generator=torch.manual_seed(0)), torch.randn(2, 3, 4, generator=torch.manual_seed(1))
ROW = torch.randn(2, 6, generator=torch.manual_seed(2))
PICTURE = torch.randn(2, 2, 4, 5, generator=torch.manual_seed(3))
PLACES = torch.tensor([[2, 0], [1, 9]])

EXPECTED: list[tuple[Layer, tuple[Tensor, ...], list[Tensor]]] = [
    (layer("Multiply"), (A, B), [A * B]),
    (layer("Multiply"), (A, B, A), [A * B * A]),
    (layer("Multiply"), (A, A[:, :1]), [A * A[:, :1]]),
    (layer("Subtract"), (A, B), [A - B]),
    (layer("Divide"), (A, B), [A / B]),
    (layer("Maximum"), (A, B, -A), [torch.maximum(torch.maximum(A, B), -A)]),
    (layer("Minimum"), (A, B), [torch.minimum(A, B)]),
    (layer("Average"), (A, B, B), [(A + B + B) / 3]),
    (layer("Add", weighted=True), (A, B), [A + B]),
    (layer("MatMul"), (A, B.transpose(1, 2)), [A @ B.transpose(1, 2)]),
    (layer("MatMul", transpose_b=True), (A, B), [A @ B.transpose(1, 2)]),
    (layer("Dot"), (A, B), [(A * B).sum(-1, keepdim=True)]),
    (layer("CosineSimilarity", dim=2), (A, B), [nn.CosineSimilarity(2)(A, B)]),
    (layer("Reshape", shape="2, -1"), (A,), [A.reshape(2, 2, 6)]),
    (layer("Unflatten", dim=1, unflattened_size="2, 3"), (ROW,), [ROW.reshape(2, 2, 3)]),
    (layer("Permute", dims="2, 1"), (A,), [A.permute(0, 2, 1)]),
    (layer("Permute", dims="0 3 1 2"), (PICTURE,), [PICTURE.permute(0, 3, 1, 2)]),
    (layer("Transpose", dim0=-1, dim1=1), (PICTURE,), [PICTURE.transpose(1, 3)]),
    (layer("Squeeze", dim=1), (A[:, :1],), [A[:, 0]]),
    (layer("Unsqueeze", dim=-1), (A,), [A[..., None]]),
    (layer("Slice", dim=2, start=1, end=-1), (A,), [A[:, :, 1:-1]]),
    (layer("Slice", dim=-2, start=-2), (A,), [A[:, -2:]]),
    (layer("Slice", dim=2, step=2), (A,), [A[:, :, ::2]]),
    (layer("Split", parts=3), (ROW,), [ROW[:, :2], ROW[:, 2:4], ROW[:, 4:]]),
    (layer("Split", parts=4), (ROW,), [ROW[:, :2], ROW[:, 2:4], ROW[:, 4:5], ROW[:, 5:]]),
    (layer("Split", sizes="1, -1, 2"), (ROW,), [ROW[:, :1], ROW[:, 1:4], ROW[:, 4:]]),
    (layer("Stack", dim=2), (A, B), [torch.stack([A, B], 2)]),
    (layer("Pad"), (PICTURE,), [functional.pad(PICTURE, (1, 1, 1, 1))]),
    (layer("Pad", padding="1, 2", mode="constant", value=3.0), (A,), [functional.pad(A, (1, 2), value=3.0)]),
    (layer("Pad", padding="2 1 1 0", mode="reflect"), (PICTURE,), [functional.pad(PICTURE, (2, 1, 1, 0), "reflect")]),
    (layer("Pad", padding="4", mode="circular"), (A,), [functional.pad(A, (4, 4), "circular")]),
    (layer("Pad", padding="-1"), (PICTURE,), [PICTURE[:, :, 1:-1, 1:-1]]),
    (layer("Reduce"), (A,), [A.mean(-1)]),
    (layer("Reduce", kind="sum", dims="1, 2"), (A,), [A.sum((1, 2))]),
    (layer("Reduce", kind="max", dims="2, 3", keepdim=True), (PICTURE,), [PICTURE.amax((2, 3), keepdim=True)]),
    (layer("Reduce", kind="norm"), (A,), [A.norm(dim=-1)]),
    (layer("Gather"), (ROW, PLACES), [torch.stack([ROW[0, [2, 0]], ROW[1, [1, 5]]])]),
    (layer("IndexSelect"), (A, PLACES), [torch.stack([A[0, [2, 0]], A[1, [1, 2]]])]),
    (layer("IndexSelect", dim=2), (A, PLACES), [torch.stack([A[0][:, [2, 0]], A[1][:, [1, 3]]])]),
    (layer("OneHot", num_classes=3), (PLACES,), [torch.tensor([[[0, 0, 1.0], [1, 0, 0]], [[0, 1, 0], [0, 0, 0]]])]),
    (layer("ArgMax", dim=1), (A,), [A.argmax(1)]),
    (layer("Clamp", min=None, max=0.5), (A,), [A.clamp(max=0.5)]),
    (layer("Cast", to="i"), (A,), [A.long()]),
    (layer("Cast", to="m"), (PLACES,), [PLACES != 0]),
    (layer("Tap"), (A,), [A]),
    (layer("ResizeTo"), (PICTURE, PICTURE[..., 1:3]), [functional.interpolate(PICTURE, (4, 2))]),
    (layer("ResizeTo", mode="linear"), (A, B[..., :2]), [functional.interpolate(A, 2, mode="linear")]),
    (layer("ResizeTo", mode="crop"), (PICTURE, PICTURE[:, :, 1:, 1:4]), [PICTURE[:, :, :3, 1:4]]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "inputs", "expected"), EXPECTED, ids=lambda v: v.title if isinstance(v, Layer) else ""
)
def test_it_computes_what_torch_computes(made: Layer, inputs: tuple[Tensor, ...], expected: list[Tensor]) -> None:
    shapes = made.output_shapes(*(tuple(x.shape[1:]) for x in inputs))
    found = computed(made, *inputs)
    assert [tuple(x.shape[1:]) for x in found] == list(shapes)
    assert len(found) == len(expected) == len(made.outputs)
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.dtype == theirs.dtype
        assert torch.allclose(mine.float(), theirs.float(), atol=1e-6)


@pytest.mark.parametrize(
    ("made", "inputs", "expected"), EXPECTED, ids=lambda v: v.title if isinstance(v, Layer) else ""
)
def test_what_it_says_of_a_number_is_that_number(
    made: Layer, inputs: tuple[Tensor, ...], expected: list[Tensor]
) -> None:
    """And what it says of the gradient is what autograd passes back."""
    if not all(x.is_floating_point() for x in (*inputs, *expected)):
        return
    exact = [x.double().requires_grad_() for x in inputs]
    out = computed(made, *exact)[0]
    whole = out.reshape(len(out), -1)
    place = tuple(int(k) for k in np.unravel_index(whole.shape[1] // 2, tuple(out.shape[1:]) or (1,)))[: out.dim() - 1]
    gradient = torch.randn(out.shape, generator=torch.manual_seed(5)).double()
    passed = (None,) * len(exact)
    if out.requires_grad:
        only = torch.zeros_like(out)
        only[(1, *place)] = gradient[(1, *place)]
        back = torch.autograd.grad(out, exact, only, allow_unused=True)
        passed = tuple(None if g is None else g[1].numpy() for g in back)
    spot = Spot(
        place,
        tuple(x.detach()[1].numpy() for x in exact),
        out.detach()[1].numpy(),
        gradient=gradient[1].numpy(),
        passed=passed,
    )
    formula = made.explain_forward(spot)
    if formula is not None and formula.computed is not None:
        assert math.isclose(formula.computed, formula.value, rel_tol=1e-5, abs_tol=1e-6)
    for each in made.explain_backward(spot):
        assert each.computed is not None
        assert math.isclose(each.computed, each.value, rel_tol=1e-5, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("made", "shapes", "says"),
    [
        (layer("Reshape", shape="3, 5"), ((16,),), "gets samples of 16 numbers, and its sizes 3, 5 take 15"),
        (layer("Reshape", shape="3, -1"), ((16,),), "take a multiple of 3"),
        (layer("Reshape", shape="-1, -1"), ((16,),), "at most one -1"),
        (layer("Reshape", shape="a few"), ((16,),), "cannot read its sizes: write whole numbers with commas"),
        (layer("Reshape", shape="99999"), ((16,),), "beyond 65 536"),
        (layer("Unflatten", dim=0), ((4, 6),), "axis 0 is the batch, use axis 1"),
        (layer("Permute"), ((3, 4, 5),), "name each of them once, as 0, 3, 2, 1"),
        (layer("Permute", dims="1, 0, 2"), ((3, 4),), "keep it in front, as 0, 2, 1"),
        (layer("Transpose"), ((7,),), "needs two axes to swap, and gets N × 7"),
        (layer("Slice", start=9), ((4, 6),), "keeps nothing of axis 1, which has 4 places"),
        (layer("Split", parts=5), ((4,),), "cuts axis 1 of N × 4 into 5 pieces, and it has 4 places"),
        (layer("Split", sizes="3, 3"), ((4,),), "let the sizes add up to that"),
        (layer("Stack"), ((4,), (5,)), "cannot stack N × 4 and N × 5: make them equal"),
        (layer("Pad", padding="1, 2, 3"), ((2, 5, 5),), "each axis has two sides"),
        (layer("Pad", padding="9", mode="reflect"), ((2, 5, 5),), "mirrors a border of 9, and the axis has 5 places"),
        (layer("Pad", padding="-3"), ((2, 5, 5),), "cuts off more of N × 2 × 5 × 5 than there is"),
        (layer("Reduce", dims="1, 1"), ((4, 6),), "names an axis twice"),
        (layer("Reduce", dims="0"), ((4, 6),), "would mix the samples of a batch"),
        (layer("MatMul"), ((4, 6), (4, 6)), "turn Transpose the second on"),
        (layer("MatMul"), ((4,), (4,)), "or take a Dot product of rows"),
        (layer("Multiply"), ((4,), (5,)), "cannot multiply N × 4 and N × 5: make them equal"),
        (layer("Gather"), ((4, 6), (4,)), "use Index select to take whole rows"),
        (layer("IndexSelect"), ((4, 6), (4, 6)), "needs a row of indices"),
        (layer("Clamp", min=None, max=None), ((4,),), "neither a lowest nor a highest"),
        (layer("ResizeTo"), ((4,), (5,)), "needs two pictures or two signals"),
        (layer("Constant", shape="0"), (), "needs sizes of at least 1"),
        (layer("Noise", shape="many"), (), "cannot read its sizes"),
    ],
)
def test_what_does_not_fit_is_told_with_a_remedy(made: Layer, shapes: tuple[Shape, ...], says: str) -> None:
    with pytest.raises(ShapeError) as problem:
        made.output_shapes(*shapes)
    assert says in str(problem.value).replace("\u202f", " ")


def test_a_split_has_as_many_outputs_as_pieces_and_each_can_be_wired() -> None:
    assert [port.name for port in layer("Split", parts=3).outputs] == ["out1", "out2", "out3"]
    assert len(layer("Split", sizes="1, 2, 3, 4").outputs) == 4
    assert len(layer("Split", sizes="nonsense").outputs) == 2
    assert [port.name for port in LAYERS["Split"].outputs] == ["out1", "out2"]
    graph = Graph().with_node(Node("a", layer("Split", parts=3))).with_node(Node("b", layer("ReLU")))
    assert graph.connect("a", "b", source_port="out3").links
    with pytest.raises(LinkError, match="has no output 'out4'"):
        graph.connect("a", "b", source_port="out4")


def test_a_cast_gives_the_kind_it_is_set_to() -> None:
    assert layer("Cast", to="i").outputs == (Port("out", "i"),)
    graph = Graph().with_node(Node("a", layer("Cast", to="m"))).with_node(Node("b", layer("OneHot")))
    with pytest.raises(LinkError, match="carries a mask"):
        graph.connect("a", "b")


def test_the_weights_of_a_sum_are_learned() -> None:
    made = layer("Add", weighted=True)
    assert made.parameter_shapes((3,), (3,), (3,)) == {"weight": (3,)}
    assert made.torch_code((3,), (3,)).module is not None
    assert layer("Add").torch_code((3,), (3,)) == TorchCode("{0} + {1}")


def test_no_gradient_passes_where_the_help_says_so() -> None:
    x = A.clone().requires_grad_()
    assert not computed(layer("Detach"), x)[0].requires_grad
    assert not computed(layer("ArgMax"), x)[0].requires_grad
    assert "no gradient" in LAYERS["ArgMax"].help_text()
