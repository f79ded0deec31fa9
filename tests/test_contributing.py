"""What CONTRIBUTING.md tells a newcomer to write works as it is written there."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")


def recipe() -> str:
    """The layer that the page shows."""
    found = re.search(r"```python\n(.*?)```", PAGE, re.S)
    assert found
    return found.group(1)


def test_the_layer_of_the_page_is_a_layer_everywhere() -> None:
    use = """
import nnlab
project = nnlab.Project.new()
first, end = project.graph.add("Input"), project.graph.add("Output")
new = project.graph.add("BentIdentity", bend=0.2)
last = project.graph.add("Linear", out_features=2)
for source, target in [(first, new), (new, last), (last, end)]:
    project.graph.connect(source, target)
assert not [p for p in project.check() if p.severity == "error"]
assert "BentIdentity" in [layer["id"] for layer in nnlab.layers()]
from nnlab.files import codec
again = codec.document_from_dict(codec.document_to_dict(project.document))[0]
assert again.graph.nodes[new].layer == project.document.graph.nodes[new].layer
assert project.document.graph.nodes[new].layer.torch_code((2,)).forward.startswith("{0} + 0.2 * (")
import math, torch
from nnlab.engine.compile import source
names = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "math": math}
exec(source(project.document), names)
back = nnlab.from_module(names["Network"](), torch.zeros(3, 2)).document.graph
assert back.nodes["bentidentity"].layer == project.document.graph.nodes[new].layer
print("works")
"""
    done = subprocess.run([sys.executable, "-c", recipe() + use], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "works", done.stderr


def test_every_file_the_page_speaks_of_is_there() -> None:
    root = Path(__file__).parent.parent
    promised = {"nnlab/layers/bent_identity.py", "nnlab/datasets/two_lines.py", "nnlab/examples/two_lines.py"}
    promised.add("nnlab/ui/panels/weights.py")  # the files a newcomer writes
    for name in set(re.findall(r"`([\w/.]+\.(?:py|md|txt))`", PAGE)) - promised:
        assert (root / name).exists() or (root / "nnlab" / name).exists(), name
