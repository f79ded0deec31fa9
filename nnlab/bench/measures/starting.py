"""The start: what it costs until the window is shown, and whether it stands still while torch is loaded."""

from nnlab.bench.measure import MEASURES, Bar, Effort, Outcome, Reading
from nnlab.bench.parts import ask


class Start:
    """Fresh processes in turn: as it is, and with torch loaded first."""

    title = "Starting NNLab"
    how = (
        "Processor time of a fresh process from its beginning to the first painting of the window, against the same with"
        " torch imported first, in turn."
    )
    bars = (Bar("of the processor time of a start that imports torch first", 0.35, at_least=False),)

    def run(self, effort: Effort) -> Outcome:
        """Start both ways, round after round."""
        ask("start", "torch")  # the disk's cache is filled
        pairs = [(ask("start")["cpu"], ask("start", "torch")["cpu"]) for _ in range(effort.starts)]
        reading = Reading(self.bars[0], tuple(ours / torch for ours, torch in pairs))
        middle = sorted(pairs)[len(pairs) // 2]
        return Outcome((reading,), {"window shown, s": middle[0], "window shown with torch first, s": middle[1]})


class Loading:
    """The welcome page while torch is loaded behind it."""

    title = "The window while torch is loaded"
    how = (
        "The longest time without a beat of a 2 ms timer in the window's thread of a fresh process, from the first"
        " painting until the rest of the window is made, torch is loaded and has trained its first epoch."
    )
    bars = (Bar("the longest that the window stands still", 150, at_least=False, unit="ms"),)

    def run(self, effort: Effort) -> Outcome:
        """Start afresh, round after round."""
        found = [ask("loading") for _ in range(effort.starts)]
        loaded = all(each["loaded"] for each in found)
        note = "" if loaded else "torch was not loaded within a minute"
        stalls = tuple(each["stall"] for each in found) if loaded else ()
        return Outcome((Reading(self.bars[0], stalls, note),), {"loading takes, s": found[-1]["seconds"]})


MEASURES.register("startup")(Start())
MEASURES.register("loading")(Loading())
