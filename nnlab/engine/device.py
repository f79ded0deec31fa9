"""Where the arithmetic happens: loading torch gently, the device, and how many threads it gets."""

import contextlib
import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.core.document import Document
from nnlab.core.words import count, memory, plural
from nnlab.errors import BuildError

if TYPE_CHECKING:
    import torch

SMALL_WORK = 20_000_000  # floating-point operations of one training step below which a second thread only costs
MEMORY_SHARE = 0.6  # of the free memory that a run may be predicted to need
FLOAT_BYTES = 4
NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed")
LOST = ("cuda error", "cuda driver error", "cudnn_status", "cublas_status", "device-side assert", "hip error")
"""What torch says when memory ran out, and when a graphics card does not answer any more."""
STATES = {"Adam": 2, "AdamW": 2, "RMSprop": 1, "SGD": 0}  # tensors of each parameter's size that the update rule keeps


def preload() -> None:
    """Map torch's libraries before `import torch`, which would hold the interpreter, and with it the window, meanwhile.

    A function that is called through ctypes lets go of the interpreter; ctypes' own way of opening a library does not.
    """
    if "torch" in sys.modules:
        return
    _stand_somewhere()
    spec = importlib.util.find_spec("torch")
    folder = Path(spec.origin).parent / "lib" if spec is not None and spec.origin is not None else Path()
    for stem in ("c10", "torch_cpu", "torch_python"):
        for name in (f"lib{stem}.so", f"lib{stem}.dylib", f"{stem}.dll"):
            if (folder / name).is_file():
                _map(folder / name)


def _stand_somewhere() -> None:
    """Leave a working folder that was deleted: the arithmetic library ends the whole program when there is none."""
    try:
        os.getcwd()
    except OSError:
        os.chdir(os.path.abspath(os.sep))


def _map(library: Path) -> None:
    """Open a library for the process; if that fails, `import torch` finds its own way."""
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "win32":
            opened = ctypes.WinDLL("kernel32").LoadLibraryExW
            opened.argtypes, opened.restype = [ctypes.c_wchar_p, ctypes.c_void_p, ctypes.c_uint], ctypes.c_void_p
            opened(str(library), None, 0x00001100)  # search the library's own folder and the default ones
        else:
            opened = ctypes.CDLL(None).dlopen
            opened.argtypes, opened.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
            opened(os.fsencode(library), os.RTLD_LAZY)


@dataclass(frozen=True)
class Place:
    """Where a run computes."""

    device: "torch.device"
    label: str
    """As shown: "CPU", "NVIDIA H200", "Apple GPU"."""
    notice: str = ""
    """A sentence, if it is not the place that was asked for."""


def choose(asked: str) -> Place:
    """The device for "auto", "cpu", "cuda" or "mps"; the CPU, with a notice, if that one is not there."""
    import torch

    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    kind = next(k for k in ("cuda", "mps", "cpu") if has[k]) if asked == "auto" else asked
    if not has.get(kind, False):
        name = {"cuda": "NVIDIA GPU", "mps": "Apple GPU"}.get(kind, f"device {kind!r}")
        return Place(
            torch.device("cpu"), "CPU", f"There is no {name} that can be used here, so the CPU trains instead."
        )
    if kind == "cuda":
        return Place(torch.device("cuda"), torch.cuda.get_device_name(0))
    return Place(torch.device(kind), "Apple GPU" if kind == "mps" else "CPU")


def step_work(document: Document, batch: int) -> int:
    """Floating-point operations of one training step, about: forward once, backward twice."""
    flops = sum(
        node.layer.flops(*document.shapes[node.id].inputs)
        for node in document.graph.nodes.values()
        if document.shapes[node.id].known
    )
    return 3 * batch * flops


def threads_for(document: Document, batch: int) -> int:
    """One thread for small networks, all cores but one for larger ones, by the work of one training step.

    A second thread makes steps of microseconds slower, and one core belongs to the window.
    """
    work = step_work(document, batch)
    return 1 if work < SMALL_WORK else max(1, (os.cpu_count() or 1) - 1)


def needed_memory(document: Document, batch: int, samples: int) -> int:
    """Bytes a run is predicted to need: weights, gradients, the update rule's memory, activations and the data."""
    parameters = sum(document.parameter_count(node_id) or 0 for node_id in document.graph.nodes)
    states = STATES.get(document.training.optimizer.torch_name, 2)
    kept = 3 + states + 2 * (1 + states)  # weights, gradients, best weights; the start and the last good epoch
    outputs = sum(_size(shape) for at in document.shapes.values() if at.known for shape in at.outputs)
    inputs = _size(document.spec.input_shape) if document.spec else 0
    return FLOAT_BYTES * (parameters * kept + 2 * outputs * batch + 2 * inputs * samples)


def check_memory(
    document: Document, batch: int, samples: int, free: int | None = None, place: Place | None = None
) -> None:
    """BuildError, naming the largest layer and a batch that fits, if a run is predicted to need more memory than there is."""
    needed = needed_memory(document, batch, samples)
    free = free_memory(place) if free is None else free
    if needed <= MEMORY_SHARE * free:
        return
    node_id = _largest(document, batch)
    smaller = fitting_batch(document, batch, samples, free)
    or_batch = f", or lower the batch size to {count(smaller)}" if smaller else ""
    raise BuildError(
        f"Training would need about {memory(needed)} of memory and {memory(MEMORY_SHARE * free)} can be used; "
        f"most of it goes to {document.graph.node(node_id).title}. Make that layer smaller{or_batch}.",
        node_id,
    )


def fitting_batch(document: Document, batch: int, samples: int, free: int) -> int:
    """The largest power of 2 below a batch size with which a run is predicted to fit into memory; 0 if there is none."""
    size = 1 << max(0, (batch - 1).bit_length() - 1)
    while size and (size >= batch or needed_memory(document, size, samples) > MEMORY_SHARE * free):
        size //= 2
    return size


def _largest(document: Document, batch: int) -> str:
    """The layer that takes most memory."""
    return max(document.graph.nodes, key=lambda n: _share(document, n, batch))


def _share(document: Document, node_id: str, batch: int) -> int:
    at = document.shapes[node_id]
    return 4 * (document.parameter_count(node_id) or 0) + 2 * batch * sum(_size(s) for s in at.outputs if at.known)


def free_memory(place: Place | None = None) -> int:
    """Bytes that are free where a run computes."""
    if place is not None and place.device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(place.device)[0])
    import psutil

    return int(psutil.virtual_memory().available)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def out_of_memory(error: BaseException) -> bool:
    """Whether this error of torch means that memory ran out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in NO_MEMORY)


def device_lost(error: BaseException) -> bool:
    """Whether this error of torch means that a graphics card does not answer any more."""
    text = str(error).lower()
    return isinstance(error, RuntimeError) and not out_of_memory(error) and any(words in text for words in LOST)


def memory_sentence(document: Document | None = None, samples: int = 0, place: Place | None = None) -> str:
    """What to tell a user whose run ran out of memory, with a batch size that is predicted to fit if the run is known."""
    if document is None:
        return "There was not enough memory for this step. Lower the batch size, or make the largest layer smaller."
    batch = min(document.training.batch_size, samples) if samples else document.training.batch_size
    fits = fitting_batch(document, batch, samples, free_memory(place))
    title = document.graph.node(_largest(document, batch)).title
    smaller = f"Lower the batch size to {count(fits)}, or make" if fits else "Make"
    return (
        f"There was not enough memory for a step with {plural(batch, 'sample')}. "
        f"{smaller} the largest layer, {title}, smaller."
    )


@contextlib.contextmanager
def arithmetic(threads: int) -> Iterator[None]:
    """Inside, torch computes with this many threads and takes the tiniest numbers (which are slow) for 0."""
    import torch

    before = torch.get_num_threads()
    flushed = torch.tensor(1e-310, dtype=torch.float64).mul(1.0).item() == 0.0
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.set_flush_denormal(flushed)
