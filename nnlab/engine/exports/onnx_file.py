"""ONNX: the network for other programs and other languages, tried against the network itself before it is handed out."""

from typing import TYPE_CHECKING, Any

from nnlab.core.document import Document
from nnlab.core.words import number, plural
from nnlab.engine.exports.format import FORMATS, TRIED, Format, Weights, Written
from nnlab.errors import BuildError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nnlab.engine.exports.trained import Trained

NEAR = 1e-5  # how far the file's answers may be from the network's own, as a share of the largest of them
KEPT = ("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy")
"""What a file tells of its operations: the modules that they stand in, so that they come back as blocks."""
UNTRIED = "The ONNX file was not tried on samples: the reference that does so does not know one of its operations."
BY_CHANCE = "The network answers by chance: of the ONNX file, only the sizes of its answers could be compared."


def as_model(model: "nn.Module", inputs: "tuple[Tensor, ...]") -> Any:
    """The module as an ONNX model with its weights inside, for any number of samples; raises whatever torch raises."""
    from nnlab.engine.exports.traced import trace

    return of_program(trace(model, inputs))


def of_program(program: Any) -> Any:
    """What torch.export has traced as an ONNX model; raises whatever torch raises."""
    import torch.onnx

    from nnlab.engine.exports.onnx_equals import rewritten

    made = torch.onnx.export(rewritten(program), dynamo=True, external_data=False, verbose=False)
    assert made is not None
    return made.model_proto


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
            kept = [each for each in node.metadata_props if each.key in KEPT]
            del node.metadata_props[:]
            node.metadata_props.extend(kept)
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
    """Compare a few answers of the file with the network's own and say so; BuildError if they are not the same."""
    from nnlab.engine.exports.onnx_trial import far, reader

    wanted = subject.answer()
    by_chance = max(map(far, wanted, subject.answer()), default=0.0) > NEAR
    try:
        tried_with, answer = reader(model)
        got = answer([each.numpy() for each in subject.samples])
    except NotImplementedError:  # the reference has not every operation
        return (UNTRIED,)
    except Exception as problem:
        raise BuildError("The ONNX file could not be used by other programs: export Python code or PT2") from problem
    off = max(map(far, wanted, got), default=0.0)
    if by_chance and off < float("inf"):
        return (BY_CHANCE,)
    if not off <= NEAR:
        raise BuildError(
            f"The ONNX file would not answer as the network does (off by {number(off)}): export Python code or PT2"
        )
    same = f"differ from the network's by at most {number(off)} of the largest" if off else "are the network's"
    return (f"{TRIED}{tried_with} on {plural(len(wanted[0]), 'sample')}: its answers {same}.",)


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
