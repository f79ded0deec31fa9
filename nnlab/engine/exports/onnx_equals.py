"""Operations that ONNX has no word for, in others that it has: put in their place before the network is written."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nnlab.engine.exports import onnx_pools

if TYPE_CHECKING:
    from torch import Tensor


def rewritten(program: Any) -> Any:
    """The program in operations that ONNX has; numbers it answers stay as they are."""
    import torch

    aten = torch.ops.aten
    table: dict[Any, Callable[..., Any]] = {getattr(aten, name).default: made for name, made in EQUALS.items()}
    table |= {aten.sort.stable: _sort, aten.argsort.stable: lambda *given, **named: _sort(*given, **named)[1]}
    sometimes: tuple[tuple[Any, Callable[[Any], bool], Callable[..., Any]], ...] = (
        (aten.scaled_dot_product_attention.default, _is_bare, _attention),
        (aten.lstm.input, _is_projected, _projected),
        (aten.squeeze.dim, _is_idle, _whole),
        (aten.conv_transpose1d.default, _overhangs, _overhanging(1)),
        (aten.conv_transpose2d.input, _overhangs, _overhanging(2)),
        (aten.conv_transpose3d.input, _overhangs, _overhanging(3)),
        *((getattr(aten, name).default, onnx_pools.is_ceiled, made) for name, made in onnx_pools.CEILED.items()),
    )
    for kind, lacks, made in sometimes:
        if any(node.target is kind and lacks(node) for node in program.graph.nodes):
            table[kind] = made
    if not any(node.target in table for node in program.graph.nodes):
        return program
    return program.run_decompositions(table)


def _is_bare(attention: Any) -> bool:
    """Without an axis of heads: torch writes it as ONNX only with one."""
    return bool(attention.meta["val"].dim() < 4)


def _is_projected(lstm: Any) -> bool:
    """Whether its hidden state is made smaller than its cell state."""
    hidden, cell = (each.meta["val"].shape[2] for each in lstm.args[1])
    return bool(hidden != cell)


def _attention(
    q: "Tensor", k: "Tensor", v: "Tensor", attn_mask: "Tensor | None" = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> "Tensor":  # fmt: skip
    """Scaled dot-product attention outside training."""
    import torch

    score = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
    if attn_mask is not None:
        score = score.masked_fill(~attn_mask, float("-inf")) if attn_mask.dtype == torch.bool else score + attn_mask
    return torch.softmax(score, -1) @ v


def _leaky(
    x: "Tensor", lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, generator: object = None
) -> "Tensor":
    """RReLU outside training: the slope halfway."""
    from torch.nn import functional

    return functional.leaky_relu(x, (lower + upper) / 2)


def _sort(
    x: "Tensor", *, stable: bool | None = None, dim: int = -1, descending: bool = False
) -> "tuple[Tensor, Tensor]":
    """ONNX leaves equal numbers in their order anyway."""
    import torch

    values, places = torch.topk(x, x.shape[dim], dim, largest=descending)
    return values, places


def _projected(
    x: "Tensor", hx: "Sequence[Tensor]", params: "Sequence[Tensor]", has_biases: bool, num_layers: int, dropout: float,
    train: bool, bidirectional: bool, batch_first: bool,
) -> Any:  # fmt: skip
    """An LSTM whose hidden state is made smaller, step by step; others are ONNX's own."""
    import torch

    if hx[0].shape[2] == hx[1].shape[2]:
        return NotImplemented
    each, ways, hidden, cells = 5 if has_biases else 3, 2 if bidirectional else 1, [], []
    x = x.transpose(0, 1) if batch_first else x
    for layer in range(num_layers):
        said = []
        for way in range(ways):
            at = layer * ways + way
            weights = params[at * each : (at + 1) * each]
            steps, h, c = _read(x, hx[0][at], hx[1][at], weights, backwards=way == 1)
            said.append(steps)
            hidden.append(h)
            cells.append(c)
        x = torch.cat(said, 2)
    return x.transpose(0, 1) if batch_first else x, torch.stack(hidden), torch.stack(cells)


def _read(
    x: "Tensor", h: "Tensor", c: "Tensor", weights: "Sequence[Tensor]", backwards: bool
) -> "tuple[Tensor, Tensor, Tensor]":
    """One layer of such an LSTM in one direction: all hidden states, the last one, and the last cell state."""
    import torch
    from torch.nn import functional

    of_input, of_state, *biases, projection = weights
    seen = functional.linear(x, of_input, torch.stack(biases).sum(0) if biases else None)
    said: list[Tensor] = []
    order = range(x.shape[0])
    for k in reversed(order) if backwards else order:
        i, f, g, o = (seen[k] + functional.linear(h, of_state)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = functional.linear(o.sigmoid() * c.tanh(), projection)
        said.append(h)
    return torch.stack(said[::-1] if backwards else said), h, c


def _is_idle(squeeze: Any) -> bool:
    """Whether the axis has more than one place: torch then leaves all as it is, and ONNX refuses."""
    x, dim = squeeze.args
    return bool(x.meta["val"].shape[dim] != 1)


def _whole(x: "Tensor", dim: int) -> "Tensor":
    """A squeeze that finds nothing to take away."""
    return NotImplemented if x.shape[dim] == 1 else x.clone()


def _overhangs(convolution: Any) -> bool:
    """Whether more is added behind what it makes than ONNX allows: less than a step."""
    args = convolution.args
    return len(args) > 5 and any(more >= step for more, step in zip(args[5], args[3], strict=True))


def _overhanging(axes: int) -> Callable[..., Any]:
    """A transposed convolution of so many axes without a border, cut to size and made longer afterwards."""

    def convolve(
        x: "Tensor", weight: "Tensor", bias: "Tensor | None" = None, stride: Sequence[int] = (1,),
        padding: Sequence[int] = (0,), output_padding: Sequence[int] = (0,), groups: int = 1, dilation: Sequence[int] = (1,),
    ) -> Any:  # fmt: skip
        from torch.nn import functional

        if not any(output_padding):
            return NotImplemented
        plain = getattr(functional, f"conv_transpose{axes}d")
        border = [*padding] * (axes if len(padding) == 1 else 1)
        behind = [*output_padding] * (axes if len(output_padding) == 1 else 1)
        sizes = [size for p, more in zip(border[::-1], behind[::-1], strict=True) for size in (-p, more - p)]
        made = functional.pad(plain(x, weight, None, stride, 0, 0, groups, dilation), sizes)
        return made if bias is None else made + bias.reshape(-1, *(1,) * axes)

    return convolve


EQUALS: dict[str, Callable[..., Any]] = {
    **{f"adaptive_avg_pool{n}d": onnx_pools.adaptive(n, False) for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": onnx_pools.adaptive(n, True) for n in (1, 2, 3)},
    "fractional_max_pool2d": onnx_pools.fractional,
    "rrelu": _leaky,
}
