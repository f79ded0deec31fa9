"""The Mistake contract: one classic mistake, told apart by its id, with its rule in words."""

from dataclasses import dataclass
from typing import Literal

from nnlab.registry import Registry

Severity = Literal["error", "warning", "info"]
"""An error keeps the network from training, a warning does not, an info is only worth knowing."""


@dataclass(frozen=True)
class Mistake:
    """One line of the catalogue; what is said of a network at hand names its layers and sizes besides."""

    title: str
    severity: Severity
    rule: str
    """Why it is one, for somebody who has never made it before."""


MISTAKES: Registry[Mistake] = Registry("nnlab.core.checking", "mistake")


def mistake(id_: str, title: str, severity: Severity, rule: str) -> Mistake:
    """A mistake, entered in the catalogue."""
    return MISTAKES.register(id_)(Mistake(title, severity, rule))
