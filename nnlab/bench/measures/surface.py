"""The loss surface around a network's weights."""

from nnlab.bench.measure import MEASURES, Bar, Effort, Outcome, not_measured


class Surface:
    """31 × 31 points of the loss surface of 8-8-8."""

    title = "31×31 loss surface of 8-8-8"
    how = "Processor time of one surface: the loss at 961 places around the weights, all in one computation."
    bars = (Bar("one surface", 40, at_least=False, unit="ms"),)

    def run(self, effort: Effort) -> Outcome:
        """There is no such computation in NNLab yet."""
        return not_measured(self.bars, "not yet: NNLab draws no loss surface")


MEASURES.register("surface")(Surface())
