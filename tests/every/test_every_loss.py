"""What every loss promises: torch's own numbers, a gradient, and sentences where it does not fit."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nnlab.core.dataset import DATASETS, Target
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss
from nnlab.core.objective import Term, resolve
from nnlab.core.typed.shorthand import add_text
from nnlab.errors import BuildError, NNLabError, SettingError, ShapeError

N = 7
FIVE = Target("y", "classes", tuple("abcde"))
TWO = Target("y", "classes", ("no", "yes"))
VALUES = Target("y", "values", ("u", "v", "w"))
ONE = Target("y", "values", ("u",))
STEPS = Target("y", "classes", tuple("abcde"), (6,))
PIXELS = Target("y", "classes", tuple("abcde"), (4, 3))
ROW = Target("y", "classes", tuple("abcde"), (3,))
MASK = Target("y", "classes", ("no", "yes"), (4, 3))
PICTURE = Target("y", "values", ("value",), (1, 4, 3))
CASES: list[tuple[Target, Shape]] = [
    *((FIVE, (5,)), (TWO, (2,)), (TWO, (1,)), (VALUES, (3,)), (ONE, (1,)), (PICTURE, (1, 4, 3))),
    *(
        (VALUES, (6,)),
        (ONE, (2,)),
        (ROW, (9, 6)),
        (STEPS, (6, 5)),
        (STEPS, (5, 6)),
        (PIXELS, (5, 4, 3)),
        (MASK, (2, 4, 3)),
        (MASK, (1, 4, 3)),
    ),
]
"""Targets and answers that some loss takes."""
WRONG: list[tuple[Target, Shape]] = [
    *((FIVE, (4,)), (FIVE, (5, 2)), (TWO, (3,)), (VALUES, (2,)), (VALUES, (3, 3)), (PICTURE, (12,)), (ONE, ())),
    *((STEPS, (6, 4)), (STEPS, (5,)), (PIXELS, (4, 4, 3)), (PIXELS, (5, 4)), (MASK, (3, 4, 3)), (MASK, (4, 3))),
]

every_loss = pytest.mark.parametrize("kind", list(LOSSES.values()), ids=list(LOSSES))


def targets(form: str, target: Target, output: Shape) -> Tensor:
    """Random targets in the form that a loss asked for."""
    classes = torch.randint(target.width, (N, *target.own_shape)) if target.task == "classes" else torch.empty(0)
    if form == "index":
        return classes
    if form == "sequence":
        lengths = torch.randint(1, classes.shape[1] + 1, (N, 1))
        return torch.where(torch.arange(classes.shape[1]) < lengths, classes, -1)
    if form == "positions":
        return torch.where(torch.rand(classes.shape) < 0.2, -1, classes)
    if form == "one-hot":
        return functional.one_hot(classes, target.width).float()
    if form == "values":
        return torch.rand(N, *target.own_shape)
    return torch.randint(2, (N, *output)).float() if form == "column" else torch.rand(N, *output)


def answers(given: Given, form: str, output: Shape, axis: int) -> Tensor:
    """Random scores or probabilities."""
    scores = torch.randn(N, *output)
    if given == "scores":
        return scores
    return scores.sigmoid() if form == "column" or output == (1,) else scores.softmax(axis)


def computed(expression: str, prediction: Tensor, target: Tensor) -> Tensor:
    result: Tensor = eval(expression, {"torch": torch, "F": functional, "prediction": prediction, "target": target})
    return result


def fitting(loss: Loss) -> list[tuple[Term, Given]]:
    """The cases this loss takes, from scores and from probabilities."""
    found: list[tuple[Term, Given]] = []
    for target, output in CASES:
        try:
            form = loss.target_form(target, output)
        except ShapeError:
            continue
        axis = -1 if (target, output) in ((STEPS, (6, 5)), (ROW, (9, 6))) else 1
        kinds: tuple[Given, ...] = ("scores", "probabilities") if target.task == "classes" else ("scores",)
        for given in kinds:
            found.append((Term("output", loss, LOSSES.id_of(loss), given, form, target, 0, output, 1.0, axis), given))
    return found


@every_loss
class TestEveryLoss:
    def test_explains_itself(self, kind: type[Loss]) -> None:
        assert kind.title
        assert kind.tier in (1, 2, 3)
        assert kind.formula
        assert "\n" not in kind.formula
        assert len((kind.__doc__ or "").splitlines()[0]) > 20
        assert Training(loss=LOSSES.id_of(kind)).loss in LOSSES
        for p in kind.params():
            assert p.why.endswith(".")
            if p.kind in ("int", "float"):
                assert p.low is not None
                assert p.high is not None

    def test_is_one_finite_number_with_a_gradient(self, kind: type[Loss]) -> None:
        torch.manual_seed(0)
        found = fitting(kind())
        assert found
        for term, given in found:
            prediction = answers(given, term.target_form, term.shape, term.axis).requires_grad_()
            target = targets(term.target_form, term.target, term.shape)
            loss = computed(term.expression, prediction, target)
            assert loss.shape == ()
            assert loss.isfinite()
            loss.backward()
            assert prediction.grad is not None
            assert prediction.grad.isfinite().all()
            assert prediction.grad.abs().sum() > 0

    def test_its_gradient_is_the_slope_of_its_value(self, kind: type[Loss]) -> None:
        torch.manual_seed(1)
        for term, given in fitting(kind()):
            prediction = answers(given, term.target_form, term.shape, term.axis).double() + 1e-3
            target = targets(term.target_form, term.target, term.shape)
            target = target.double() if target.is_floating_point() else target
            direction, step = torch.randn_like(prediction), 1e-6
            moved = [computed(term.expression, prediction + sign * step * direction, target) for sign in (1, -1)]
            prediction.requires_grad_()
            computed(term.expression, prediction, target).backward()
            assert prediction.grad is not None
            slope = float((prediction.grad * direction).sum())
            assert float(moved[0] - moved[1]) / (2 * step) == pytest.approx(slope, rel=1e-4, abs=1e-7)

    def test_falls_when_one_goes_down_its_gradient(self, kind: type[Loss]) -> None:
        torch.manual_seed(2)
        for term, given in fitting(kind()):
            prediction = answers(given, term.target_form, term.shape, term.axis).requires_grad_()
            target = targets(term.target_form, term.target, term.shape)
            before = computed(term.expression, prediction, target)
            before.backward()
            assert prediction.grad is not None
            after = computed(term.expression, (prediction - 1e-3 * prediction.grad).detach(), target)
            assert float(after) < float(before.detach())

    def test_refuses_what_does_not_fit_with_a_sentence(self, kind: type[Loss]) -> None:
        refused = 0
        for target, output in (*CASES, *WRONG):
            try:
                kind().target_form(target, output)
                assert (target, output) not in WRONG or (kind.is_of_places and len(output) == 1)
            except ShapeError as problem:
                said = str(problem)
                refused += 1
                assert len(said) > 30
                assert ":" in said, "a remedy follows"
                assert not said[0].isupper(), "the node's title stands before it"
        assert refused >= len(WRONG) - 2 * kind.is_of_places

    def test_places_that_do_not_count_change_nothing(self, kind: type[Loss]) -> None:
        torch.manual_seed(3)
        for term, given in fitting(kind()):
            if term.target_form != "positions":
                continue
            prediction = answers(given, "positions", term.shape, term.axis)
            target = targets("positions", term.target, term.shape)
            other = answers(given, "positions", term.shape, term.axis)
            away = (target < 0).unsqueeze(term.axis if term.axis == -1 else 1)
            assert away.any()
            same = torch.where(away, other, prediction)
            assert torch.allclose(
                computed(term.expression, prediction, target), computed(term.expression, same, target)
            )


# ---------------------------------------------------------------- torch's own

TORCH: dict[str, tuple[nn.Module, str]] = {
    "mse": (nn.MSELoss(), "values"),
    "l1": (nn.L1Loss(), "values"),
    "huber": (nn.HuberLoss(), "values"),
    "smooth-l1": (nn.SmoothL1Loss(), "values"),
    "cross-entropy": (nn.CrossEntropyLoss(), "index"),
    "nll": (nn.NLLLoss(), "index"),
    "multi-margin": (nn.MultiMarginLoss(), "index"),
    "bce": (nn.BCEWithLogitsLoss(), "one-hot"),
    "multi-label-soft-margin": (nn.MultiLabelSoftMarginLoss(), "one-hot"),
}


@pytest.mark.parametrize("id_", TORCH)
def test_a_loss_is_torchs_of_the_same_name(id_: str) -> None:
    torch.manual_seed(4)
    module, form = TORCH[id_]
    prediction = 3 * torch.randn(N, 5)
    target = {"values": 3 * torch.randn(N, 5), "index": torch.randint(5, (N,)), "one-hot": torch.eye(5)[:N]}[form]
    target = target[: len(prediction)] if form != "one-hot" else functional.one_hot(torch.randint(5, (N,)), 5).float()
    if form == "values":
        target = 3 * torch.randn(N, 5)
    assert torch.equal(computed(LOSSES[id_]().expression("scores"), prediction, target), module(prediction, target))


def test_settings_of_a_loss_are_torchs() -> None:
    torch.manual_seed(5)
    prediction, target = 3 * torch.randn(N, 5), 3 * torch.randn(N, 5)
    for loss, module in (
        (LOSSES["huber"]().with_(delta=0.5), nn.HuberLoss(delta=0.5)),
        (LOSSES["smooth-l1"]().with_(beta=2.5), nn.SmoothL1Loss(beta=2.5)),
        (LOSSES["poisson-nll"]().with_(log_input=True), nn.PoissonNLLLoss()),
        (LOSSES["poisson-nll"]().with_(log_input=True, full=True), nn.PoissonNLLLoss(full=True)),
    ):
        assert torch.equal(computed(loss.expression("scores"), prediction, target), module(prediction, target))
    classes, weight = torch.randint(5, (N,)), torch.tensor([1.0, 2.0, 0.5, 3.0, 0.25])
    own = {"class_weights": "own", "weights": "1, 2, 0.5, 3, 0.25"}
    for loss, module in (
        (LOSSES["cross-entropy"]().with_(label_smoothing=0.1), nn.CrossEntropyLoss(label_smoothing=0.1)),
        (LOSSES["cross-entropy"]().with_(**own), nn.CrossEntropyLoss(weight)),
        (LOSSES["cross-entropy"]().with_(**own, label_smoothing=0.3), nn.CrossEntropyLoss(weight, label_smoothing=0.3)),
        (LOSSES["nll"]().with_(**own), nn.NLLLoss(weight)),
        (LOSSES["multi-margin"]().with_(margin=0.5, p=2), nn.MultiMarginLoss(p=2, margin=0.5)),
    ):
        assert torch.equal(computed(loss.expression("scores"), prediction, classes), module(prediction, classes))
    places = torch.where(torch.rand(N, 6) < 0.3, -1, torch.randint(5, (N, 6)))
    smoothed = LOSSES["cross-entropy"]().with_(**own, label_smoothing=0.3)
    module, scores = nn.CrossEntropyLoss(weight, ignore_index=-1, label_smoothing=0.3), torch.randn(N, 5, 6)
    assert torch.equal(computed(smoothed.position_expression("scores", 1), scores, places), module(scores, places))
    yes, scores = torch.randint(2, (N, 5)).float(), torch.randn(N, 5)
    loss, module = LOSSES["bce"]().with_(pos_weight=3.0), nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0))
    assert torch.equal(computed(loss.expression("scores"), scores, yes), module(scores, yes))
    far = torch.rand(N, 1) * 2
    loss, module = LOSSES["hinge-embedding"]().with_(margin=0.5), nn.HingeEmbeddingLoss(margin=0.5)
    assert torch.equal(computed(loss.expression("scores"), far, yes[:, :1]), module(far, 1 - 2 * yes[:, :1]))


@pytest.mark.parametrize("id_", ["cross-entropy", "bce", "nll", "focal"])
def test_settings_mean_the_same_for_scores_and_for_probabilities(id_: str) -> None:
    torch.manual_seed(12)
    kind = LOSSES[id_]
    given = {"label_smoothing": 0.2, "pos_weight": 3.0, "class_weights": "own", "weights": "1, 2, 0.5"}
    loss = kind().with_(**{name: value for name, value in given.items() if name in [p.name for p in kind.params()]})
    scores = torch.randn(N, 3, dtype=torch.float64)
    target = torch.randint(3, (N,)) if id_ != "bce" else torch.eye(3, dtype=torch.float64)[torch.randint(3, (N,))]
    shares = scores.sigmoid() if id_ == "bce" else scores.softmax(1)
    logs = scores.log_softmax(1) if id_ == "nll" else scores
    by_scores = computed(loss.expression("scores"), logs, target)
    assert torch.allclose(by_scores, computed(loss.expression("probabilities"), shares, target), rtol=1e-5)


def test_shares_are_compared_as_torch_compares_them() -> None:
    torch.manual_seed(6)
    logs, target = torch.randn(N, 5).log_softmax(1), torch.randn(N, 5).softmax(1)
    theirs = nn.KLDivLoss(reduction="batchmean")(logs, target)
    loss = LOSSES["kl-div"]()
    assert torch.allclose(computed(loss.expression("scores"), logs, target), theirs)
    assert torch.allclose(computed(loss.expression("probabilities"), logs.exp(), target), theirs)


def test_counts_directions_and_distances_are_torchs() -> None:
    torch.manual_seed(7)
    rate, count = torch.rand(N, 3) * 9 + 0.1, torch.randint(9, (N, 3)).float()
    theirs = nn.PoissonNLLLoss(log_input=False)(rate, count)
    assert torch.equal(computed(LOSSES["poisson-nll"]().expression("scores"), rate, count), theirs)
    said, truth = torch.randn(N, 3), torch.randn(N, 3)
    theirs = nn.CosineEmbeddingLoss()(said, truth, torch.ones(N))
    assert torch.equal(computed(LOSSES["cosine-embedding"]().expression("scores"), said, truth), theirs)
    far, different = torch.rand(N, 1) * 2, torch.randint(2, (N, 1)).float()
    theirs = nn.HingeEmbeddingLoss()(far, 1 - 2 * different)
    assert torch.equal(computed(LOSSES["hinge-embedding"]().expression("scores"), far, different), theirs)


def by_hand_triplets(places: Tensor, classes: Tensor, margin: float) -> Tensor:
    """The hardest positive and negative of each anchor, one after the other."""
    found = []
    for a in range(len(places)):
        far = torch.stack([(places[a] - places[p]).norm() for p in range(len(places)) if classes[p] == classes[a]])
        near = torch.stack([(places[a] - places[n]).norm() for n in range(len(places)) if classes[n] != classes[a]])
        found.append((margin + far.max() - near.min()).clamp_min(0))
    return torch.stack(found).mean()


def by_hand_pairs(places: Tensor, classes: Tensor, margin: float) -> Tensor:
    found = []
    for a in range(len(places)):
        for b in range(a):
            d = (places[a] - places[b]).norm()
            found.append(0.5 * d**2 if classes[a] == classes[b] else 0.5 * (margin - d).clamp_min(0) ** 2)
    return torch.stack(found).mean()


@pytest.mark.parametrize("margin", [0.2, 1.0, 3.0])
def test_losses_of_places_are_what_their_authors_wrote_pair_by_pair(margin: float) -> None:
    torch.manual_seed(10)
    classes = torch.tensor([0, 0, 1, 2, 1, 0, 2])
    for id_, by_hand in (("triplet", by_hand_triplets), ("contrastive", by_hand_pairs)):
        places = torch.randn(N, 3, dtype=torch.float64).requires_grad_()
        mine = computed(LOSSES[id_]().with_(margin=margin).expression("scores"), places, classes)
        theirs = by_hand(places, classes, margin)
        assert torch.allclose(mine, theirs, rtol=1e-12)
        slopes = [torch.autograd.grad(each, places, retain_graph=True)[0] for each in (mine, theirs)]
        assert torch.allclose(slopes[0], slopes[1], rtol=1e-10, atol=1e-12)


def test_a_batch_of_one_class_or_of_one_sample_has_nothing_to_keep_apart() -> None:
    for id_ in ("triplet", "contrastive"):
        for places in (torch.randn(4, 3), torch.randn(1, 3), torch.zeros(4, 3)):
            places = places.requires_grad_()
            loss = computed(LOSSES[id_]().expression("scores"), places, torch.zeros(len(places), dtype=torch.long))
            (slope,) = torch.autograd.grad(loss, places)
            assert loss.isfinite()
            assert slope.isfinite().all()
            assert id_ != "triplet" or float(loss.detach()) == 0


def test_ctc_counts_every_way_to_read_the_right_row() -> None:
    """Two steps and one class: "a" can be read from a a, a -, and - a."""
    torch.manual_seed(13)
    shares = torch.randn(1, 2, 3, dtype=torch.float64).softmax(2)
    a, blank = shares[0, :, 1], shares[0, :, 0]
    ways = a[0] * a[1] + a[0] * blank[1] + blank[0] * a[1]
    row = torch.tensor([[0]])
    assert torch.allclose(computed(LOSSES["ctc"]().expression("probabilities"), shares, row), -ways.log())
    assert torch.allclose(computed(LOSSES["ctc"]().expression("scores"), shares.log(), row), -ways.log())


def test_ctc_is_torchs_with_the_blank_first() -> None:
    torch.manual_seed(14)
    scores, rows = torch.randn(N, 9, 6), targets("sequence", ROW, (9, 6))
    theirs = nn.CTCLoss(zero_infinity=True)
    lengths = (rows >= 0).sum(1)
    mine = computed(LOSSES["ctc"]().expression("scores"), scores, rows)
    assert torch.equal(mine, theirs(scores.log_softmax(2).transpose(0, 1), rows + 1, torch.full((N,), 9), lengths))


@pytest.mark.parametrize("full", [False, True])
def test_the_gaussian_likelihood_is_torchs_of_a_value_and_the_logarithm_of_its_variance(full: bool) -> None:
    torch.manual_seed(11)
    answer, truth = torch.randn(N, 6), torch.randn(N, 3)
    mine = computed(LOSSES["gaussian-nll"]().with_(full=full).expression("scores"), answer, truth)
    theirs = functional.gaussian_nll_loss(answer[:, :3], truth, answer[:, 3:].exp(), full=full)
    assert torch.allclose(mine, theirs, rtol=1e-6) if full else torch.equal(mine, theirs)
    assert LOSSES["gaussian-nll"]().values_expression(3) == "prediction[:, :3]"


def test_the_hinge_loss_is_nothing_beyond_the_margin() -> None:
    expression = LOSSES["hinge"]().expression("scores")
    score, yes = torch.tensor([[2.0], [-3.0], [0.25]]), torch.tensor([[1.0], [0.0], [1.0]])
    assert float(computed(expression, score, yes)) == pytest.approx(0.25)


def test_the_focal_loss_without_focus_is_cross_entropy() -> None:
    torch.manual_seed(8)
    scores, classes = torch.randn(N, 5), torch.randint(5, (N,))
    plain = functional.cross_entropy(scores, classes)
    assert torch.allclose(computed(LOSSES["focal"](gamma=0.0).expression("scores"), scores, classes), plain)
    sure = scores.log_softmax(1)[range(N), classes].exp()
    by_hand = (-((1 - sure) ** 2) * sure.log()).mean()
    assert torch.allclose(computed(LOSSES["focal"]().expression("scores"), scores, classes), by_hand)


def test_dice_is_nothing_for_the_same_mask_and_nearly_1_for_another() -> None:
    mask = torch.zeros(2, 1, 8, 8)
    mask[:, :, 2:6, 2:6] = 1
    expression = LOSSES["dice"]().expression("probabilities")
    assert float(computed(expression, mask, mask)) == 0
    assert float(computed(expression, 1 - mask, mask)) == pytest.approx(1 - 1 / 65)
    classes = mask[:, 0].long()
    by_class = LOSSES["dice"]().position_expression("probabilities", 1)
    both = torch.cat([1 - mask, mask], 1)
    assert float(computed(by_class, both, classes)) == 0
    assert float(computed(by_class, both.flip(1), classes)) > 0.9


def test_all_losses_are_choices_of_the_training_and_the_common_ones_come_first() -> None:
    choices = dict(Training.param("loss").choices)
    assert set(choices) == {"auto", *LOSSES}
    assert next(iter(choices)) == "auto"
    assert set(list(choices)[1:4]) == {"cross-entropy", "bce", "mse"}
    with pytest.raises(SettingError, match="Loss needs one of auto"):
        Training(loss="guess")


@pytest.mark.parametrize(
    ("id_", "ends_in", "says"),
    [
        ("nll", "Linear", "put one before it, or choose cross-entropy"),
        ("nll", "Sigmoid", "needs the logarithms"),
        ("kl-div", "Sigmoid", "put a Softmax in its place"),
        ("focal", "Sigmoid", "put a Softmax in its place"),
        ("hinge", "Sigmoid", "needs plain scores: remove the Sigmoid"),
        ("multi-margin", "Softmax", "needs plain scores: remove the Softmax"),
    ],
)
def test_an_end_that_does_not_fit_the_loss_is_told(id_: str, ends_in: str, says: str) -> None:
    with pytest.raises(ShapeError) as problem:
        LOSSES[id_]().check_end(ends_in)
    assert says in str(problem.value)


def test_an_end_that_fits_decides_what_the_loss_is_given() -> None:
    ends = {
        ("nll", "log-softmax"): "scores",
        ("nll", "softmax"): "probabilities",
        ("kl-div", "softmax"): "probabilities",
    }
    for (loss, end), given in ends.items():
        graph, _ = add_text(Graph(), f"input, dense 3, {end}, output")
        document = Document(graph, Data(DATASETS["iris"]())).with_training(loss=loss)
        assert resolve(document).given == given
    graph, _ = add_text(Graph(), "input, dense 3, output")
    with pytest.raises(BuildError, match="Output does not read a Log-softmax"):
        resolve(Document(graph, Data(DATASETS["iris"]())).with_training(loss="nll"))


class _Spot:
    """Numbers for an explanation, as the engine gives them."""

    @staticmethod
    def of(prediction: Tensor, target: Tensor, value: float) -> Any:
        from nnlab.core.formula import LossSpot

        return LossSpot(prediction.double().numpy(), target.double().numpy(), 1, value)


def set_otherwise(kind: type[Loss]) -> list[Loss]:
    """The loss as it is, and with each of its settings changed, and with all of them."""
    own = {
        "class_weights": "own",
        "label_smoothing": 0.2,
        "pos_weight": 3.0,
        "log_input": True,
        "full": True,
        "p": 2,
        "zero_infinity": False,
    }
    numbers = {"margin": 0.5, "delta": 0.25, "beta": 0.25, "gamma": 1.5, "smooth": 2.0, "eps": 1e-4}
    changes = {p.name: (own | numbers)[p.name] for p in kind.params() if p.name in own | numbers}
    return [kind(), *(kind().with_(**{name: value}) for name, value in changes.items()), kind().with_(**changes)]


def weighed(loss: Loss, classes: int) -> Loss:
    """With as many weights as there are classes, if they are its own."""
    if getattr(loss, "class_weights", "none") != "own":
        return loss
    return loss.with_(weights=", ".join(str(0.5 + k) for k in range(classes)))


@every_loss
def test_every_setting_is_tried_and_changes_the_code(kind: type[Loss]) -> None:
    made = set_otherwise(kind)
    assert len(made) == 2 + len([p for p in kind.params() if p.name != "weights"])
    for loss in made[1:] if kind.params() else []:
        fine = weighed(loss, 5)
        assert fine.expression("scores") != kind().expression("scores")
        assert fine.rule
        assert "\n" not in fine.rule


@every_loss
def test_what_a_loss_says_of_its_value_is_its_value(kind: type[Loss]) -> None:
    torch.manual_seed(9)
    said = 0
    for loss in set_otherwise(kind):
        said += explained(loss)
    assert said or kind.explain_forward is Loss.explain_forward


def explained(kind: Loss) -> int:
    """How many of its formulas were held against its value."""
    said = 0
    cases = [case for width in (1, 2, 3, 5) for case in fitting(weighed(kind, width))]
    for term, given in cases:
        if term.target_form == "positions" or len(term.shape) > 1:
            continue
        prediction = answers(given, term.target_form, term.shape, 1)[:1]
        target = targets(term.target_form, term.target, term.shape)[:1]
        value = float(computed(term.expression, prediction, target))
        formula = term.loss.explain_forward(_Spot.of(prediction[0], target[0], value), given)
        if formula is None:
            continue
        said += 1
        assert formula.value == value
        assert formula.computed is not None
        assert math.isclose(formula.computed, value, rel_tol=1e-4, abs_tol=1e-5)
    return said


def test_an_unknown_loss_is_refused_with_what_there_is() -> None:
    with pytest.raises(NNLabError):
        Training(loss="mean")
