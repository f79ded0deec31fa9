"""Weight norm and spectral norm of torch's modules: the module as it would be without, and which of the two it has."""

from torch import nn
from torch.nn.utils import parametrizations, parametrize

from nnlab.core.learning import NORM_CALLS, NORMED
from nnlab.engine.dice import undisturbed
from nnlab.engine.imports.drawing import Unfit


def without_norm(module: nn.Module) -> tuple[nn.Module, str]:
    """The module without its norm of weights, and the norm's id: "none" if it has none; Unfit if it has another."""
    if not parametrize.is_parametrized(module):
        return module, "none"
    kind = type(module).__bases__[0]
    if f"nn.{kind.__name__}" in NORMED and list(module.get_submodule("parametrizations")._modules) == ["weight"]:
        for norm, call in NORM_CALLS.items():
            with undisturbed():
                made = getattr(parametrizations, call)(_plain(module, kind))
            if _settings(module) == _settings(made):
                return _plain(module, kind), norm
    raise Unfit(f"{kind.__name__} with weights that are computed in another way")


def _plain(module: nn.Module, kind: type[nn.Module]) -> nn.Module:
    """One of the same settings. torch's own way to take a norm away would take it from the user's module as well."""
    plain = kind.__new__(kind)
    vars(plain).update(vars(module))
    plain._modules, plain._buffers = {}, {}
    *_, original = module.get_submodule("parametrizations.weight").parameters()
    plain._parameters = {**module._parameters, "weight": nn.Parameter(original.detach().clone())}
    return plain


def _settings(module: nn.Module) -> object:
    """What computes the weight, and how; the numbers themselves left out."""
    steps = module.get_submodule("parametrizations.weight").children()
    return [
        (type(s), {k: v for k, v in vars(s).items() if isinstance(v, (int, float)) and k != "training"}) for s in steps
    ]
