"""Whatever one does to a project in whatever order: undo is total, a file holds it all, errors are sentences."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nnlab import Project
from nnlab.core.dataset import DATASETS
from nnlab.core.layer import LAYERS
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.schedule import SCHEDULES
from nnlab.errors import NNLabError
from nnlab.files import codec, store

picks = st.integers(0, 10**6)


class AnyEdits(RuleBasedStateMachine):
    """The states that were seen, and where among them the project is, next to the project itself."""

    def __init__(self) -> None:
        super().__init__()
        self.project = Project.new()
        self.states = [self.project.document]
        self.at = 0

    def pick(self, number: int) -> str:
        nodes = self.project.graph.nodes
        return nodes[number % len(nodes)] if nodes else "nobody"

    def edit(self, change) -> None:
        before, refusal = self.project.document, ""
        try:
            change()
        except NNLabError as problem:
            refusal = str(problem)
        if refusal:
            assert len(refusal) > 8
            assert self.project.document is before
        if self.project.document is not before:
            self.at += 1
            self.states[self.at :] = [self.project.document]

    @rule(kind=st.sampled_from(sorted(LAYERS)))
    def add(self, kind):
        self.edit(lambda: self.project.graph.add(kind))

    @rule(a=picks, b=picks, port=st.sampled_from([None, None, "in", "in1", "in2", "in9", "x"]))
    def connect(self, a, b, port):
        self.edit(lambda: self.project.graph.connect(self.pick(a), self.pick(b), port))

    @rule(a=picks, b=picks)
    def disconnect(self, a, b):
        self.edit(lambda: self.project.graph.disconnect(self.pick(a), self.pick(b)))

    @rule(a=picks)
    def remove(self, a):
        self.edit(lambda: self.project.graph.remove(self.pick(a)))

    @rule(a=picks, value=st.sampled_from([0, 1, 3, 16, True, "relu", 0.5, (3, 3), None, 2**40]), number=picks)
    def change_a_setting(self, a, value, number):
        view = None if self.pick(a) == "nobody" else self.project.graph.node(self.pick(a))
        names = ["name", *(view.parameters if view else [])]
        name = names[number % len(names)]
        self.edit(lambda: self.project.graph.set(self.pick(a), **{name: str(value) if name == "name" else value}))

    @rule()
    def tidy(self):
        self.edit(self.project.graph.tidy)

    @rule(kind=st.sampled_from(sorted(DATASETS)), validation=st.sampled_from([0.0, 0.3, 2.0]))
    def other_data(self, kind, validation):
        self.edit(lambda: self.project.set_data(kind, validation=validation))

    @rule(
        rate=st.sampled_from([0.1, -1, "x"]),
        kind=st.sampled_from(sorted(OPTIMIZERS)),
        plan=st.sampled_from(sorted(SCHEDULES)),
    )
    def other_training(self, rate, kind, plan):
        self.edit(lambda: self.project.set_training(optimizer=kind, schedule=plan, learning_rate=rate))

    @rule(a=picks, b=picks, keep=st.booleans())
    def copy_and_paste(self, a, b, keep):
        def change():
            graph = self.project.document.graph
            pasted, _ = codec.paste(graph, codec.copy(graph, {self.pick(a), self.pick(b)}), (1.0, 2.0), keep)
            self.project.apply("Paste", self.project.document.with_graph(pasted))

        self.edit(change)

    @rule(a=picks, b=picks)
    def fix_a_mistake(self, a, b):
        fixes = [fix for problem in self.project.check() for fix in problem.fixes]
        if fixes:
            fix = fixes[a % len(fixes)]
            self.edit(lambda: self.project.apply(fix.label, fix.apply(self.project.document)))

    @precondition(lambda self: self.at > 0)
    @rule()
    def undo(self):
        assert self.project.undo()
        self.at -= 1

    @precondition(lambda self: self.at < len(self.states) - 1)
    @rule()
    def redo(self):
        assert self.project.redo()
        self.at += 1

    @rule()
    def save_and_open(self):
        document = self.project.document
        opened = store.from_bytes(store.to_bytes(document), "x")
        assert opened.document == document
        assert opened.notices == ()

    @invariant()
    def the_project_is_where_it_should_be(self):
        assert self.project.document is self.states[self.at]

    @invariant()
    def wires_join_nodes_that_are_there_and_never_loop(self):
        graph = self.project.document.graph
        assert {n for k in graph.links for n in (k.source, k.target)} <= set(graph.nodes)
        assert len(graph.in_order) == len(graph.nodes)

    @invariant()
    def everything_can_be_asked(self):
        graph = self.project.graph
        for node in graph.nodes:
            assert graph.shape(node)
        assert all(problem.message for problem in self.project.check())

    def teardown(self):
        for state in reversed(self.states[: self.at]):
            assert self.project.undo()
            assert self.project.document is state
        assert not self.project.undo()
        for state in self.states[1:]:
            assert self.project.redo()
            assert self.project.document is state


TestAnyEdits = AnyEdits.TestCase
TestAnyEdits.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
