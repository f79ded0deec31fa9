"""Other people's training loops, where they are installed: timed between their own beginning and end of training."""

import importlib.util
import os
import warnings
from collections.abc import Callable
from typing import Any

from nnlab.bench.clocks import Clock, now
from nnlab.bench.contest import Contestant, Runner
from nnlab.bench.workloads import Workload

INSTALL = "not installed: pip install 'nnlab[bench]'"


def peer(name: str, work: Workload, clock: Clock) -> Contestant | str:
    """This peer on this work, after a first try; a sentence if it is not installed or fails."""
    if importlib.util.find_spec(name) is None:
        return INSTALL
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = _MAKERS[name](work, clock)
            run(2)
    except Exception as error:  # noqa: BLE001 - other people's code, of any version: the other figures go on
        return f"it failed: {' '.join(str(error).split())[:150] or type(error).__name__}"
    return Contestant(TITLES[name], _quiet(run), counts=False)


def _quiet(run: Runner) -> Runner:
    def quietly(steps: int) -> tuple[int, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return run(steps)

    return quietly


class _Span:
    """When training began and ended, as the peer's own callbacks say."""

    def __init__(self, clock: Clock) -> None:
        self._read = now(clock)
        self.began = self.ended = 0.0

    def begin(self, *_: object, **__: object) -> None:
        """Training begins."""
        self.began = self._read()

    def end(self, *_: object, **__: object) -> None:
        """Training has ended."""
        self.ended = self._read()

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


def _lightning(work: Workload, clock: Clock) -> Runner:
    import logging

    import lightning
    from torch.utils.data import DataLoader, TensorDataset

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    span, loss_of, network = _Span(clock), work.loss_of(), work.module()

    class Module(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def training_step(self, batch: Any, number: int) -> Any:
            return loss_of(self.network(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return work.optimizer(self.parameters())

        def on_train_start(self) -> None:
            span.begin()

        def on_train_end(self) -> None:
            span.end()

    module = Module()
    loader: Any = DataLoader(TensorDataset(*work.data()), batch_size=work.batch, shuffle=True)

    def run(steps: int) -> tuple[int, float]:
        trainer = lightning.Trainer(
            max_steps=steps, max_epochs=-1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu", devices=1,
        )  # fmt: skip
        trainer.fit(module, loader)
        return steps, span.seconds

    return run


def _skorch(work: Workload, clock: Clock) -> Runner:
    import torch
    from skorch import NeuralNetClassifier, NeuralNetRegressor
    from skorch.callbacks import Callback

    span = _Span(clock)

    class Watch(Callback):  # type: ignore[misc]
        def on_train_begin(self, net: Any, **_: Any) -> None:
            span.begin()

        def on_train_end(self, net: Any, **_: Any) -> None:
            span.end()

    x, y = work.data()
    values = work.loss == "mse"
    net = (NeuralNetRegressor if values else NeuralNetClassifier)(
        work.module(),
        criterion=torch.nn.MSELoss if values else torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD if work.rule == "sgd" else torch.optim.Adam,
        lr=work.rate, batch_size=work.batch, iterator_train__shuffle=True, train_split=None, verbose=0,
        callbacks=[("watch", Watch())],
    )  # fmt: skip
    net.initialize()
    return _by_epochs(work, span, lambda epochs: net.set_params(max_epochs=epochs).partial_fit(x, y))


def _keras(work: Workload, clock: Clock) -> Runner:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    span = _Span(clock)

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self, logs: Any = None) -> None:
            span.begin()

        def on_train_end(self, logs: Any = None) -> None:
            span.end()

    x, y = (tensor.numpy() for tensor in work.data())
    net = _keras_network(keras, work)
    rule = keras.optimizers.SGD if work.rule == "sgd" else keras.optimizers.Adam
    loss = "mse" if work.loss == "mse" else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(optimizer=rule(work.rate), loss=loss)
    if work.has_pictures:
        x = x.transpose(0, 2, 3, 1).copy()
    return _by_epochs(
        work, span, lambda epochs: net.fit(x, y, batch_size=work.batch, epochs=epochs, verbose=0, callbacks=[Watch()])
    )


def _keras_network(keras: Any, work: Workload) -> Any:
    """The work's network, written anew layer by layer."""
    from torch import nn

    made = work.module()
    if not isinstance(made, nn.Sequential):
        raise NotImplementedError("this network is not measured in Keras")
    shape = tuple(work.data()[0].shape[1:])
    found = [keras.layers.Input((*shape[1:], shape[0]) if work.has_pictures else shape)]
    for module in made:
        kind = type(module).__name__
        if isinstance(module, nn.Linear):
            found.append(keras.layers.Dense(module.out_features))
        elif isinstance(module, nn.Conv2d):
            found.append(keras.layers.Conv2D(module.out_channels, 3, padding="same"))
        else:
            simple = {"MaxPool2d": keras.layers.MaxPooling2D, "Flatten": keras.layers.Flatten}
            found.append(simple[kind]() if kind in simple else keras.layers.Activation(kind.lower()))
    return keras.Sequential(found)


def _by_epochs(work: Workload, span: _Span, fit: Callable[[int], object]) -> Runner:
    an_epoch = len(work.data()[0]) // work.batch

    def run(steps: int) -> tuple[int, float]:
        epochs = max(1, round(steps / an_epoch))
        fit(epochs)
        return epochs * an_epoch, span.seconds

    return run


TITLES = {"lightning": "Lightning", "skorch": "skorch", "keras": "Keras"}
_MAKERS: dict[str, Callable[[Workload, Clock], Runner]] = {
    "lightning": _lightning,
    "skorch": _skorch,
    "keras": _keras,
}
