"""Maps of a film are shown as their frames side by side."""

import pytest
import torch

from nnlab.engine.probes import _frames


@pytest.mark.parametrize("shape", [(1, 8, 16, 16), (12, 8, 16, 16), (3, 1, 4, 4), (2, 5, 3, 7), (2, 2, 3, 4, 4)])
def test_every_frame_is_there_once_and_whole(shape: tuple[int, ...]) -> None:
    film = torch.arange(1, 1 + torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)
    shown = _frames(film)
    tall, wide = shape[-2:]
    assert shown.shape[0] == shape[0]
    assert shown.shape[1] % tall == 0
    assert shown.shape[2] % wide == 0
    frames = film.reshape(shape[0], -1, tall, wide)
    across = shown.shape[2] // wide
    for number in range(frames.shape[1]):
        row, column = divmod(number, across)
        place = shown[:, row * tall : (row + 1) * tall, column * wide : (column + 1) * wide]
        assert torch.equal(place, frames[:, number])
    assert shown.sum() == film.sum()
