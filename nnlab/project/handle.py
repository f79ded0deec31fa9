"""The handle of a project: document, history of edits, learned weights and the file it belongs to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES
from nnlab.core.history import History
from nnlab.core.loss import Loss
from nnlab.core.param import Param, Settings
from nnlab.core.template import TEMPLATES
from nnlab.engine.events import Event
from nnlab.errors import BuildError, DataError, FileError, SettingError
from nnlab.files import disk as files
from nnlab.files import store
from nnlab.files.disk import AnyPath, Fingerprint
from nnlab.files.facts import RunFacts
from nnlab.project import importing
from nnlab.project.many import ManyRuns, train_many
from nnlab.project.network import ProjectGraph, checked_text, lookup
from nnlab.project.run import Run, load, train
from nnlab.project.taking import taken

Weights = Mapping[str, NDArray[Any]]

NEW_WIDTH = 672.0  # between input and output of a new project: room for two layers

if TYPE_CHECKING:
    from nnlab.core.check import Problem
    from nnlab.engine.compile import Network
    from nnlab.engine.many.rolled import RollStatus


class Project:
    """A network, its data and its training. Every change is one undo step, here as in the window.

    Errors are NNLabErrors with a sentence that says what to do; after one, the project is as it was.
    """

    def __init__(self, document: Document | None = None) -> None:
        self._history: History[Document] = History(document or Document())
        self.graph = ProjectGraph(self._history)
        """The network: add, connect, remove, set, ..."""
        self.path: Path | None = None
        """The file it was opened from or saved to."""
        self.weights: Mapping[str, NDArray[Any]] | None = None
        """What was learned last, named as in the model's state_dict; None before any training."""
        self.curves: Mapping[str, NDArray[Any]] | None = None
        """The curves of the last run, or None."""
        self.run: Run | None = None
        """The last run of this session, or None."""
        self.notices: tuple[str, ...] = ()
        """Sentences about the file it was opened from: what was put right, what is not known here."""
        self.fingerprint: Fingerprint | None = None
        self._trained_with: Training | None = None
        self.facts: RunFacts | None = None
        """How the run that made the weights was computed: device, engine, arithmetic, threads, steps, seconds."""

    # ---------------------------------------------------------------- beginning

    @classmethod
    def new(cls) -> "Project":
        """No layers yet, on the spiral data."""
        return cls()

    @classmethod
    def example(cls, name: str) -> "Project":
        """One of `nnlab.examples()`, by its id."""
        return cls(lookup(EXAMPLES, name).document())

    @classmethod
    def template(cls, name: str) -> "Project":
        """A well-known architecture to start from: one of `nnlab.templates()`, by its id."""
        return cls(lookup(TEMPLATES, name).document())

    @classmethod
    def open(cls, path: AnyPath) -> "Project":
        """A project file, or a model in an .onnx or .pt2 file; FileError with the reason if it cannot be read.

        Nothing in a file is ever run. What a model has that NNLab has not is named in `notices`.
        """
        if importing.is_model(path):
            brought = importing.opened(path)
            model = cls(brought.document)
            model.notices, model.weights = brought.notices, brought.weights
            return model
        opened = store.open(path)
        project = cls(opened.document)
        project.path = Path(path)
        project.notices, project.fingerprint = opened.notices, opened.fingerprint
        project.weights, project.curves, project._trained_with = opened.weights, opened.history, opened.trained_with
        project.facts = opened.facts
        return project

    # ---------------------------------------------------------------- asking

    @property
    def document(self) -> Document:
        """The present document, a frozen value."""
        return self._history.value

    @property
    def goal(self) -> float | None:
        """The validation metric that this example states it reaches; None for other projects."""
        return self._stated("goal")

    @property
    def loss_goal(self) -> float | None:
        """The validation loss that this example states it gets below; None where it states none."""
        return self._stated("loss_goal")

    def _stated(self, name: str) -> float | None:
        goal = self.document.extra.get(name)
        return None if isinstance(goal, bool) or not isinstance(goal, (int, float)) else float(goal)

    @property
    def is_saved(self) -> bool:
        """Whether the document is as it stands in its file."""
        return self.path is not None and self._history.is_saved

    @property
    def file_changed(self) -> bool:
        """Whether another program changed or removed the file since it was opened or saved here."""
        return self.path is not None and files.fingerprint(self.path) != self.fingerprint

    def check(self) -> "tuple[Problem, ...]":
        """Mistakes and warnings, each with `severity`, `node`, `message` and `fixes`; empty if it can be trained."""
        from nnlab.core.check import check

        return check(self.document)

    # ---------------------------------------------------------------- editing

    def apply(self, label: str, document: Document) -> None:
        """Make another document the present one, as one undo step: `apply(fix.label, fix.apply(project.document))`."""
        self._history.apply(label, document)

    def undo(self) -> bool:
        """Take the last change back; False if there is none."""
        return self._history.undo()

    def redo(self) -> bool:
        """Do it again; False if nothing was taken back."""
        return self._history.redo()

    def set_data(self, dataset: str | None = None, **settings: Any) -> None:
        """Choose a data set by its id with its settings, or change settings of the present one or of the division.

        `set_data("spiral", arms=3)`, `set_data(noise=0.2, validation=0.3)`; SettingError if a value does not fit.
        """
        data = self.document.data
        given: Settings = data.dataset if dataset is None else lookup(DATASETS, dataset)()
        own = {key: settings.pop(key) for key in list(settings) if key in _names(Data)}
        if settings:
            given = given.with_(**settings)
        self.apply("Data", replace(self.document, data=data.with_(**{"dataset": given, **own})))

    def set_training(
        self, optimizer: str | None = None, schedule: str | None = None, loss: str | Loss | None = None, **settings: Any
    ) -> None:
        """Change how it learns; settings of the update rule, the schedule and the loss go along by their own names.

        `set_training(learning_rate=0.1, optimizer="sgd", momentum=0.9)`, `set_training(loss="huber", delta=0.5)`;
        SettingError if a value does not fit.
        """
        given = {"optimizer": optimizer, "schedule": schedule, "loss": loss}
        self.apply(
            "Training", self.document.with_training(**_training_changes(self.document.training, given, settings))
        )

    def rename(self, title: str = "", notes: str | None = None) -> None:
        """Give the project a title, and notes if any are given."""
        kept = self.document.notes if notes is None else checked_text(notes, "note")
        self.apply("Rename", replace(self.document, title=checked_text(title, "title"), notes=kept))

    # ---------------------------------------------------------------- running

    def build(self, seed: int | None = None) -> "Network":
        """An untrained torch.nn.Module; state_dict keys are the nodes' names. BuildError names the node at fault.

        It takes each input of the data by itself, `model(table, picture)`, and gives a tuple if there are several Outputs.
        Without a seed, the one under Training. The same seed gives the same weights, to the bit.
        """
        from nnlab.engine.compile import build

        training = self.document.training if seed is None else self.document.training.with_(seed=seed)
        return build(self.document, training.seed, packed=False)

    def model(self) -> "Network":
        """What `build` gives, trained and in evaluation mode; BuildError if it was not trained, or changed since."""
        return load(self.document, _learned(self.weights))

    def train(
        self,
        epochs: int | None = None,
        device: str | None = None,
        seed: int | None = None,
        on_event: Callable[[Event], object] | None = None,
        keep: bool = False,
    ) -> Run:
        """Train from fresh weights to the end and keep what was learned; what is given here holds for this run alone.

        With `keep` it begins with the learned weights that are here, such as those of `load_weights`.
        Blocks; Ctrl+C ends the run after the present step and keeps what it has learned. BuildError or DataError
        if the project cannot be trained.
        """
        given = {"epochs": epochs, "device": device, "seed": seed}
        document = self.document.with_training(**{key: value for key, value in given.items() if value is not None})
        self.run = run = train(document, on_event, _learned(self.weights) if keep else None)
        self.weights, self.curves, self._trained_with = run.weights, run.history, run.document.training
        self.facts = run.facts
        return run

    def train_many(
        self,
        seeds: int | Iterable[int] = 64,
        epochs: int | None = None,
        device: str | None = None,
        threshold: float | None = None,
        on_progress: "Callable[[RollStatus], object] | None" = None,
    ) -> ManyRuns:
        """Train many seeds side by side (so many from the project's own on, or these); the project itself stays as it is.

        Each seed gives what training it alone gives. `threshold` is the accuracy (or R²) that counts as solved.
        """
        return train_many(self.document, _revived, seeds, epochs, device, threshold, on_progress)

    def evaluate(
        self,
        inputs: NDArray[Any] | tuple[NDArray[Any], ...] | None = None,
        targets: NDArray[Any] | tuple[NDArray[Any], ...] | None = None,
    ) -> dict[str, float]:
        """Figures of the trained network: of every part of its data, or of these samples in the data's own units.

        Parts give train_loss, validation_accuracy (or _r2) and the like; samples give loss and accuracy (or r2).
        Samples of data with several inputs, or several things to predict, are a tuple of an array for each.
        """
        from nnlab.core.dataset import Samples
        from nnlab.engine.asking import evaluate

        if (inputs is None) != (targets is None):
            raise DataError("Samples are evaluated by comparing: give both their inputs and their right answers.")
        self.model()  # refuses weights of another network
        x, *more = inputs if isinstance(inputs, tuple) else (inputs,)
        y, *also = targets if isinstance(targets, tuple) else (targets,)
        samples = None if y is None else Samples(x, y, tuple(more), tuple(also))  # type: ignore[arg-type]
        return evaluate(self.document, self.weights, samples)

    def predict(self, inputs: NDArray[Any], *more: NDArray[Any]) -> NDArray[Any]:
        """Answers for inputs in the data's own units: class probabilities (rows, classes), or values (rows, width).

        Data with several inputs take an array for each, in the order of the data: `predict(tables, pictures)`. Of a network
        with several answers it is the one that the metric is of; `predict_all` gives every one.
        """
        return next(iter(self.predict_all(inputs, *more).values()))

    def predict_all(self, inputs: NDArray[Any], *more: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Every answer of the network by the name of what it predicts, as `predict` gives one.

        Where each place of a sample has a class (each word, each pixel), the classes' probabilities are the last axis.
        """
        from nnlab.engine.asking import every_answer

        self.model()
        return every_answer(self.document, self.weights, inputs, more)

    # ---------------------------------------------------------------- taking away

    def code(self) -> str:
        """The network and its training as one Python file that needs only torch."""
        from nnlab.engine.export import python

        return python(self.document)

    def save(self, path: AnyPath | None = None) -> None:
        """Write the project file (to where it came from, without a path), with weights and curves. All or nothing."""
        target = path if path is not None else self.path
        if target is None:
            raise FileError("this project has no file yet: give a name to save it under")
        self.fingerprint = store.save(
            target, self.document, self.weights, self.curves, None, self._trained_with, self.facts
        )
        self.path = Path(target)
        self._history.mark_saved()

    def export(self, path: AnyPath, to: str | None = None) -> tuple[str, ...]:
        """Write the model for use elsewhere: in the form of this name, or in that of the file's ending.

        Forms are python, notebook, keras, onnx, pt2 and safetensors. Gives sentences that its user should read, if any;
        BuildError names the layer that the form cannot hold.
        """
        from nnlab.engine.exports.format import find

        made = find(to, path).write(self.document, self.weights)
        files.write(path, made.data)
        return made.notices

    def take(
        self, source: "AnyPath | Project", nodes: Iterable[str] | None = None, freeze: bool = True
    ) -> tuple[str, ...]:
        """Add layers of another project with what they learned, as one undo step, and return their ids here.

        All but Inputs and Outputs, unless `nodes` names some by their ids there. Frozen, they stay as they are while the
        others learn: `graph.learn(id, frozen=False, rate=0.1)` lets one of them learn slowly.
        """
        other = source if isinstance(source, Project) else Project.open(source)
        document, ids = taken(self.document, other.document, other.weights, nodes, freeze)
        self.apply("Take layers", document)
        return ids

    def load_weights(self, path: AnyPath) -> None:
        """Take learned numbers from a .safetensors file, or from a .pt or .pth file that holds a state dict and no code.

        Every tensor of this network must be there under its name in `state_dict`, in its shape: BuildError says which is
        not. Curves and facts of an earlier run go.
        """
        from nnlab.project.reading import weights

        self.weights = weights(self.document, path)
        self.curves = self.run = self.facts = self._trained_with = None

    def __repr__(self) -> str:
        return f"<Project {self.document.title!r}: {self.graph!r}>"


def _names(kind: type[Settings]) -> set[str]:
    return {p.name for p in kind.params()}


def _training_changes(
    training: Training, given: Mapping[str, str | Loss | None], settings: dict[str, Any]
) -> dict[str, Any]:
    """What to change; a setting belongs to the training itself, then to what is chosen along with it, then to the rest."""
    changes: dict[str, Any] = {key: value for key, value in settings.items() if key in _names(Training)}
    left = {key: value for key, value in settings.items() if key not in changes}
    known = _names(Training)
    for name in sorted(given, key=lambda name: given[name] is None):
        thing = _chosen(Training.param(name), given[name] or getattr(training, name))
        if isinstance(thing, Settings):
            mine = _names(type(thing))
            thing, known = thing.with_(**{key: left.pop(key) for key in mine & left.keys()}), known | mine
        changes[name] = thing
    if left:
        raise SettingError(f"training has no setting {next(iter(left))!r} (it has: {', '.join(sorted(known))})")
    return changes


def _chosen(p: Param, value: str | Settings) -> str | Settings:
    """The thing of this name; a word such as auto stays what it is."""
    if isinstance(value, Settings) or p.registry is None or (p.kind != "variant" and value not in p.registry):
        return value
    found: Settings = lookup(p.registry, value)()
    return found


def _revived(document: Document, weights: Weights | None, curves: Weights) -> Project:
    project = Project(document)
    project.weights, project.curves, project._trained_with = weights, curves, document.training
    return project


def _learned(weights: Mapping[str, NDArray[Any]] | None) -> Mapping[str, NDArray[Any]]:
    if weights is None:
        raise BuildError("This project has no learned weights yet: train it first.")
    return weights
