"""ONNX: the network for other programs and other languages, tried against the network itself before it is handed out."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.core.document import Document
from nnlab.core.words import number
from nnlab.engine.exports.format import FORMATS, Format, Weights, Written
from nnlab.errors import BuildError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nnlab.engine.exports.trained import Trained

NEAR = 1e-5  # how far the file's answers may be from the network's own, as a share of the largest of them
UNTRIED = "The ONNX file was not tried on samples: the reference that does so does not know one of its operations."
BY_CHANCE = "The ONNX file was not tried on samples: the network answers by chance, so no two answers are alike."


def as_model(model: "nn.Module", inputs: "tuple[Tensor, ...]") -> Any:
    """The module as an ONNX model with its weights inside, for any number of samples; raises whatever torch raises."""
    import torch.onnx

    from nnlab.engine.exports.traced import trace

    program = trace(model, inputs)
    if any(_is_bare_attention(node) for node in program.graph.nodes):
        program = program.run_decompositions({torch.ops.aten.scaled_dot_product_attention.default: _attention})
    made = torch.onnx.export(program, dynamo=True, external_data=False, verbose=False)
    assert made is not None
    return made.model_proto


def _is_bare_attention(node: Any) -> bool:
    """Attention without an axis of heads, which torch writes as ONNX only with one."""
    import torch

    wanted = node.target is torch.ops.aten.scaled_dot_product_attention.default
    return wanted and node.meta["val"].dim() < 4


def _attention(
    q: "Tensor", k: "Tensor", v: "Tensor", attn_mask: "Tensor | None" = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> "Tensor":  # fmt: skip
    """Scaled dot-product attention outside training, in operations that every form has."""
    import torch

    score = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
    if attn_mask is not None:
        score = score.masked_fill(~attn_mask, float("-inf")) if attn_mask.dtype == torch.bool else score + attn_mask
    return torch.softmax(score, -1) @ v


def write(document: Document, weights: Weights | None = None) -> Written:
    """The network with its numbers; BuildError names the layer that ONNX has no operation for."""
    from nnlab.engine.exports.traced import held, quiet
    from nnlab.engine.exports.trained import Trained

    subject = Trained(document, weights)
    model = held("ONNX", subject, as_model)
    _clean(model)
    _name(model.graph, [each.name for each in subject.fields], subject.answers)
    model.doc_string = document.title
    with quiet():
        notices = _tried(model, subject)
    return Written(model.SerializeToString(), notices)


def _clean(model: Any) -> None:
    """Without folders and lines of code of this computer."""
    model.producer_name = "NNLab (PyTorch)"
    for holder in (model, model.graph, *model.graph.input, *model.graph.output, *model.graph.value_info):
        del holder.metadata_props[:]
    for body in (model.graph, *model.functions):
        for node in body.node:
            del node.metadata_props[:]
            node.doc_string = ""


def _name(graph: Any, inputs: list[str], outputs: list[str]) -> None:
    """Inputs, outputs and the free axis are called what they are."""
    given = [each.name for each in graph.input]
    free = {d.dim_param for each in graph.input for d in each.type.tensor_type.shape.dim[:1]}
    for each in (*graph.input, *graph.output, *graph.value_info):
        for dim in each.type.tensor_type.shape.dim:
            if dim.dim_param in free - {""}:
                dim.dim_param = "batch"
    taken = {name for node in graph.node for name in (*node.input, *node.output)} | {t.name for t in graph.initializer}
    new = dict(zip([*given, *(each.name for each in graph.output)], [*inputs, *outputs], strict=True))
    new = {old: name for old, name in new.items() if name not in taken or name in new}
    for node in graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
    for each in (*graph.input, *graph.output):
        each.name = new.get(each.name, each.name)


def _tried(model: Any, subject: "Trained") -> tuple[str, ...]:
    """Compare a few answers of the file with the network's own; BuildError if they are not the same."""
    from onnx.checker import check_model
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import RuntimeContextError

    wanted = subject.answer()
    if not all(map(np.array_equal, wanted, subject.answer())):
        return (BY_CHANCE,)
    if any(node.op_type == "MaxPool" and len(node.output) > 1 for node in model.graph.node):
        return (UNTRIED,)  # the reference counts the places of largest numbers otherwise
    given = [each.numpy() for each in subject.samples]
    try:
        check_model(model, full_check=True)
        feeds = {each.name: array for each, array in zip(model.graph.input, given, strict=True)}
        got = ReferenceEvaluator(model).run(None, feeds)
    except (NotImplementedError, RuntimeContextError):  # it has not every operation
        return (UNTRIED,)
    except Exception as problem:
        raise BuildError("The ONNX file could not be used by other programs: export Python code or PT2") from problem
    for mine, theirs in zip(wanted, got, strict=True):
        far = float(np.max(np.abs(mine - theirs), initial=0.0)) / max(1.0, float(np.max(np.abs(mine), initial=0.0)))
        if not far <= NEAR:
            raise BuildError(
                f"The ONNX file would not answer as the network does (off by {number(far)}): export Python code or PT2"
            )
    return ()


FORMATS.register("onnx")(
    Format(
        title="ONNX model",
        kind="ONNX models",
        ending=".onnx",
        about="The trained network for programs in other languages, on phones and in browsers; tried before it is written.",
        order=4,
        make=write,
        weights="wanted",
        slow=True,
    )
)
