"""Undo and redo."""

from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.core import history as history_module
from nnlab.core.history import History

quick = settings(max_examples=150, deadline=None, derandomize=True)


def test_undo_and_redo_walk_the_edits_with_their_names() -> None:
    history = History(0)
    history.apply("One", 1)
    history.apply("Two", 2)
    assert (history.value, history.undo_label, history.redo_label) == (2, "Two", None)
    assert history.undo()
    assert (history.value, history.undo_label, history.redo_label) == (1, "One", "Two")
    assert history.undo()
    assert not history.undo()
    assert history.redo()
    assert history.redo()
    assert not history.redo()
    assert history.value == 2


def test_an_edit_after_undo_takes_another_way() -> None:
    history = History(0)
    history.apply("One", 1)
    history.undo()
    history.apply("Other", 5)
    assert not history.redo()
    assert history.value == 5


def test_an_edit_that_changes_nothing_is_none() -> None:
    history = History("a")
    calls: list[tuple[str, str]] = []
    history.changed = lambda old, new: calls.append((old, new))
    history.apply("Same", "a")
    assert history.undo_label is None
    assert calls == []


def test_edits_with_one_merge_key_undo_as_one() -> None:
    history = History(0)
    for value in range(1, 20):
        history.apply("Rate", value, merge_key="rate")
    assert history.undo()
    assert history.value == 0
    assert history.redo()
    assert history.value == 19


def test_end_merge_begins_a_new_step() -> None:
    history = History(0)
    history.apply("Rate", 1, merge_key="rate")
    history.end_merge()
    history.apply("Rate", 2, merge_key="rate")
    history.undo()
    assert history.value == 1


def test_a_merge_never_swallows_the_saved_value() -> None:
    history = History(0)
    history.apply("Rate", 1, merge_key="rate")
    history.mark_saved()
    history.apply("Rate", 2, merge_key="rate")
    assert not history.is_saved
    history.undo()
    assert history.value == 1
    assert history.is_saved


def test_saved_follows_undo_and_redo() -> None:
    history = History(0)
    assert history.is_saved
    history.apply("One", 1)
    assert not history.is_saved
    history.mark_saved()
    history.undo()
    assert not history.is_saved
    history.redo()
    assert history.is_saved
    history.mark_unsaved()
    assert not history.is_saved


def test_the_list_has_an_end() -> None:
    history = History(-1)
    for value in range(history_module.UNDO_LIMIT + 50):
        history.apply("Edit", value)
    steps = 0
    while history.undo():
        steps += 1
    assert steps == history_module.UNDO_LIMIT - 1


@quick
@given(
    st.lists(
        st.one_of(st.tuples(st.integers(0, 3), st.sampled_from([None, "a", "b"])), st.sampled_from(["undo", "redo"]))
    )
)
def test_any_walk_keeps_its_promises(walk: list[object]) -> None:
    history = History(0)
    told: list[tuple[int, int]] = []
    history.changed = lambda old, new: told.append((old, new))
    for move in walk:
        before, count = history.value, len(told)
        if isinstance(move, tuple):
            history.apply(f"Set {move[0]}", *move[:1], merge_key=move[1])
            assert history.value == move[0]
            assert told[count:] == ([(before, move[0])] if before != move[0] else [])
        elif getattr(history, str(move))():
            other = history.redo if move == "undo" else history.undo
            after = history.value
            assert other()
            assert history.value == before, "there and back again"
            assert getattr(history, str(move))()
            assert history.value == after
        assert (history.undo_label is None) == (not _could(history, "undo"))
    while history.undo():
        pass
    assert history.value == 0


def _could(history: History[int], what: str) -> bool:
    moved = getattr(history, what)()
    if moved:
        (history.redo if what == "undo" else history.undo)()
    return bool(moved)
