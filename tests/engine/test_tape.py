"""The tape: every operation that ran, and which of them the results need."""

import pytest
import torch
from torch import Tensor

from nnlab.engine.captured.tape import CannotCapture, needed, place, record, storage


def names(operations: object) -> list[str]:
    return [operation.name.removeprefix("aten::") for operation in operations]  # type: ignore[attr-defined]


def test_what_runs_is_written_down_with_its_backward_pass() -> None:
    w, x = torch.randn(3, 2, requires_grad=True), torch.randn(4, 3)
    tape, gradient = record(lambda: torch.autograd.grad((x @ w).tanh().sum(), w)[0])
    found = names(tape.operations)
    assert found.index("mm") < found.index("tanh") < found.index("tanh_backward")
    assert found.count("mm") == 2
    assert torch.allclose(gradient, x.T @ (1 - (x @ w.detach()).tanh() ** 2))


def test_only_what_the_results_need_is_kept() -> None:
    x = torch.randn(4)

    def act() -> Tensor:
        torch.exp(x)
        y = torch.sin(x)
        y.view(2, 2).cos()
        return y + 1

    tape, result = record(act)
    assert names(needed(tape.operations, [result], [])) == ["sin", "add"]


def test_what_is_written_to_later_is_needed_too_and_what_is_written_after_the_end_is_not() -> None:
    x, lasting = torch.randn(4), torch.zeros(4)

    def act() -> Tensor:
        y = x.clone()
        y[1:].mul_(2)
        z = y * 1
        y.add_(5)
        lasting.add_(x)
        return z

    tape, z = record(act)
    assert names(needed(tape.operations, [z], [])) == ["clone", "slice", "mul_", "mul"]
    assert "add_" in names(needed(tape.operations, [z], [lasting]))


def test_what_draws_is_kept_whatever_for() -> None:
    tape, result = record(lambda: (torch.rand(3), torch.ones(2) + 1)[1])
    assert names(needed(tape.operations, [result], [])) == ["rand", "ones", "add"]


def test_a_place_is_memory_and_form() -> None:
    x = torch.randn(4, 4)
    assert place(x) == place(x.detach()) == place(x.t().t())
    assert place(x) != place(x.t())
    assert place(x) != place(x[0])
    assert storage(x) == storage(x[1:])
    assert place(torch.empty(0, 3)) == place(torch.empty(0, 3))


def test_numbers_from_python_are_copied_before_they_are_written_to() -> None:
    def act() -> Tensor:
        return torch.tensor([1.0, 2.0]).add_(1)

    tape, result = record(act)
    assert result.tolist() == [2.0, 3.0]
    assert names(tape.operations)[0] == "clone"
    assert tape.operations[0].read[0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "act",
    [
        lambda x: x.sum().item(),
        lambda x: bool(x[0] > 0),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: torch.masked_select(x, x > 0),
        lambda x: torch.unique(x),
        lambda x: torch.equal(x, x + 0),
    ],
)
def test_what_depends_on_the_values_is_refused(act: object) -> None:
    with pytest.raises(CannotCapture, match="depends on the values"):
        record(lambda: act(torch.randn(4)))  # type: ignore[operator]


def test_one_value_for_all_that_are_picked_is_no_matter_how_many() -> None:
    def act() -> Tensor:
        x = torch.tensor([-1.0, 2.0])
        x[x < 0] = 0.5
        return x

    assert record(act)[1].tolist() == [0.5, 2.0]


def test_attention_without_dropout_draws_nothing() -> None:
    q = torch.randn(1, 1, 4, 8)
    tape, _ = record(lambda: torch.nn.functional.scaled_dot_product_attention(q, q, q))
    assert not any(operation.draws for operation in tape.operations)
    tape, _ = record(lambda: torch.nn.functional.scaled_dot_product_attention(q, q, q, dropout_p=0.5))
    assert any(operation.draws for operation in tape.operations)
