"""Random networks of every layer as ONNX and as PT2: both answer as the network does, for any number of samples."""

import io
import os
from typing import Any

import numpy as np
import onnxruntime
import pytest
import safetensors.numpy
import torch
from random_graphs import KINDS, random_document, random_samples

from nnlab.engine.compile import arguments, build
from nnlab.engine.exports.format import FORMATS
from nnlab.engine.exports.onnx_file import BY_CHANCE
from nnlab.engine.exports.onnx_trial import far
from nnlab.engine.exports.trained import Trained

NEAR = 1e-5
GRAPHS = max(3, int(os.environ.get("NNLAB_GRAPHS", "60")) // 20)
FIRST = int(os.environ.get("NNLAB_FIRST_GRAPH", "0"))
"""How many networks, spread over all layers; it takes some ten seconds to write one, so that these are few."""


def answers(said: Any) -> list[np.ndarray]:
    return [each.detach().numpy() for each in (said if isinstance(said, tuple | list) else (said,))]


@pytest.mark.parametrize("seed", [FIRST + k * 37 for k in range(GRAPHS)])
def test_a_random_network_answers_as_before_wherever_it_is_taken(seed: int) -> None:
    document = random_document(seed)
    learned = {name: value.numpy() for name, value in build(document, seed).state_dict().items()}
    subject = Trained(document, learned)
    kept = safetensors.numpy.load(FORMATS["safetensors"].write(document, learned).data) if learned else {}
    assert kept.keys() == learned.keys()
    assert all(np.array_equal(kept[name], value) for name, value in learned.items())
    made = FORMATS["onnx"].write(document, learned)
    session = onnxruntime.InferenceSession(made.data, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    program = torch.export.load(io.BytesIO(FORMATS["pt2"].write(document, learned).data)).module()
    assert names == [each.name for each in subject.fields]
    assert [each.name for each in session.get_outputs()] == subject.answers
    for samples in (1, 3, 7):
        given = random_samples(document, seed + samples, samples)
        taken = [torch.as_tensor(given[k]) for k in arguments(document)]
        with torch.no_grad():
            try:
                wanted = answers(subject.network(*taken))
            except ValueError as refusal:  # statistics of a batch of one, which torch itself refuses
                if samples == 1 and "more than 1 value" in str(refusal):
                    continue
                raise
            again = answers(program(*taken))
        there = session.run(None, {name: x.numpy() for name, x in zip(names, taken, strict=True)})
        apart = max(far(mine, theirs) for file in (there, again) for mine, theirs in zip(wanted, file, strict=True))
        limit = float("inf") if BY_CHANCE in made.notices else NEAR
        assert apart <= limit, (KINDS[seed % len(KINDS)], samples, apart)
