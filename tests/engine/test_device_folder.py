"""Loading torch in a working folder that is gone."""

import os
import subprocess
import sys

import pytest

LOAD = "import os, sys; os.rmdir(os.getcwd()); from nnlab.engine import device; device.preload(); import torch; print('there')"


@pytest.mark.skipif(os.name == "nt", reason="Windows does not delete a folder in use")
def test_torch_loads_when_the_working_folder_was_deleted(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    found = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=gone, capture_output=True, text=True, timeout=60, check=False
    )
    assert (found.returncode, found.stdout.strip()) == (0, "there"), found.stderr
