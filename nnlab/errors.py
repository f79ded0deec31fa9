"""The one family of errors that a user may see: every text says what happened and what to do."""


class NNLabError(Exception):
    """Something the user can put right; the text says how."""


class SettingError(NNLabError):
    """A setting was given a value it does not take; `field` is the setting's name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ShapeError(NNLabError):
    """A layer cannot take the tensor it is given."""


class LinkError(NNLabError):
    """A wire that the graph refuses, with the rule it would break."""


class GraphError(NNLabError):
    """An edit or a question about a node or port that the graph does not have."""


class FileError(NNLabError):
    """A file that cannot be read or written."""


class DataError(NNLabError):
    """Data that cannot be trained on: missing, not finite, too few rows."""


class BuildError(NNLabError):
    """A document that cannot become a model; `node` is the id of the node at fault, if one is."""

    def __init__(self, message: str, node: str | None = None) -> None:
        super().__init__(message)
        self.node = node
