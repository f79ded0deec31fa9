"""Networks that are trained against each other: a judge, and a generator that gets the judge's gradient turned round."""

from dataclasses import replace

import torch

from nnlab.core.chain import layer, wired
from nnlab.core.document import Document
from nnlab.core.objective import resolve
from nnlab.core.template import TEMPLATES
from nnlab.engine.compile import build, loss_function
from nnlab.engine.headless import run_to_end


def test_generator_and_judge_learn_opposite_things_from_one_loss() -> None:
    document = TEMPLATES["dcgan"].make()
    straight_on = replace(document.graph.node("reversal"), layer=layer("Identity"))
    plain = document.with_graph(document.graph.with_node(straight_on))
    x, y = torch.rand(8, 1, 8, 8), torch.arange(8)
    gradients = []
    for each in (document, plain):
        network = build(each, seed=0).train()
        torch.manual_seed(1)
        prediction = network(x)
        target = y[:, None].float() if resolve(each).is_packed else y
        loss_function(resolve(each))(prediction, target).backward()
        gradients.append({name: p.grad for name, p in network.named_parameters()})
    turned, straight = gradients
    for name, gradient in turned.items():
        assert gradient is not None
        opposite = name.startswith("generator.")
        assert torch.allclose(gradient, -straight[name] if opposite else straight[name], atol=1e-6), name


def test_what_is_made_of_noise_comes_to_look_like_the_data() -> None:
    document = TEMPLATES["dcgan"].make().with_training(epochs=6, device="cpu", threads=1)
    noise = torch.zeros(200, 1, 8, 8)

    def made(network: torch.nn.Module) -> torch.Tensor:
        network.eval()
        with torch.no_grad():
            return network.trace(noise)["generator"].mean(0)[0]  # type: ignore[operator, no-any-return]

    real = torch.from_numpy(document.data.dataset.make().inputs).mean(0)[0]
    before = made(build(document, seed=0))
    after = made(run_to_end(document).model)
    assert (after - real).abs().mean() < 0.7 * (before - real).abs().mean()


def test_a_loss_may_come_from_noise_alone_beside_an_answer() -> None:
    graph = wired(
        {
            "input": layer("Input"),
            "linear": layer("Linear", out_features=2),
            "output": layer("Output"),
            "noise": layer("Noise", shape="3"),
            "weighed": layer("Linear", out_features=1),
            "charge": layer("AsLoss", kind="no", strength=0.5),
            "penalty": layer("Output"),
        },
        *("input > linear", "linear > output", "noise > weighed", "weighed > charge", "charge > penalty"),
    )
    document = Document(graph=graph)
    assert resolve(document).outputs == ("output", "penalty")
    network = build(document, seed=0)
    torch.manual_seed(0)
    row = network(torch.zeros(4, 2))
    torch.manual_seed(0)
    score = network.get_submodule("weighed")(torch.randn(4, 3))
    assert torch.allclose(row[:, 2], 0.5 * torch.nn.functional.softplus(score[:, 0]))
