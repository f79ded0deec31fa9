"""An ONNX file tried as its users will: with ONNX Runtime where it is installed, else with the reference of ONNX."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Answer = Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]
"""What the file says to these inputs."""


def reader(model: Any) -> tuple[str, Answer]:
    """The name of the program that tries it, and its answers; NotImplementedError if it lacks an operation."""
    from onnx.checker import check_model

    check_model(model, full_check=True)
    try:
        import onnxruntime
    except ImportError:
        return "the reference of ONNX", _by_reference(model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return "ONNX Runtime", lambda given: session.run(None, dict(zip(names, given, strict=True)))


def _by_reference(model: Any) -> Answer:
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import RuntimeContextError

    if any(node.op_type == "MaxPool" and len(node.output) > 1 for node in model.graph.node):
        raise NotImplementedError("it counts the places of largest numbers otherwise")
    names = [each.name for each in model.graph.input]

    def answer(given: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        try:
            return list(ReferenceEvaluator(model).run(None, dict(zip(names, given, strict=True))))
        except RuntimeContextError as lacking:
            raise NotImplementedError(str(lacking)) from lacking

    return answer


def far(mine: NDArray[Any], theirs: NDArray[Any]) -> float:
    """How far two answers are apart as a share of the largest number, or of 1; infinite if they are not comparable."""
    if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
        return float("inf")
    mine, theirs = mine.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(mine)
    if not np.array_equal(mine[~finite], theirs[~finite], equal_nan=True):
        return float("inf")
    largest = max(1.0, float(np.max(np.abs(mine[finite]), initial=0.0)))
    return float(np.max(np.abs(mine[finite] - theirs[finite]), initial=0.0)) / largest
