"""The line that installs botalign and the bundle from a checkout into the ChimeraX given by ``CHIMERAX``."""

import subprocess

import pytest

from .names import SECONDS, TO_NOTICE

pytestmark = pytest.mark.hangs(SECONDS + TO_NOTICE)

LOOK = """
import sys

import numpy
import scipy

import botalign
from chimerax.core.toolshed import get_toolshed

bundle = get_toolshed().find_bundle("ChimeraX-BOTalign", session.logger)
places = [sys.prefix, numpy.__file__, scipy.__file__]
print("FOUND", numpy.__version__, scipy.__version__, bundle.version, botalign.__version__, *places, sep="|")
"""
OWN = """
from importlib import metadata
import sysconfig

own = {d.metadata["Name"]: d.version for d in metadata.distributions(path=[sysconfig.get_paths()["purelib"]])}
print("OWN", own["numpy"], own["scipy"], sep="|")
"""


def printed_by(environment, folder, script, mark):
    """Return what a script in ChimeraX prints after a mark."""
    path = folder / "look.py"
    path.write_text(script)
    done = subprocess.run(
        [environment["CHIMERAX"], "--nogui", "--exit", "--silent", "--script", str(path)],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith(mark)]
    assert lines, done.stdout + done.stderr
    return lines[0].split("|")[1:]


@pytest.mark.slow
def test_it_prints_that_it_works(installation):
    assert "works" in installation
    assert "Installed. In ChimeraX, type: botalign #2 to #1" in installation


@pytest.mark.slow
def test_packages_of_chimerax_do_not_change(environment, tmp_path, installation):
    numpy, scipy, bundle, core, prefix, *files = printed_by(environment, tmp_path, LOOK, "FOUND")
    assert printed_by(environment, tmp_path, OWN, "OWN") == [numpy, scipy]
    assert bundle == core
    assert all(file.startswith(prefix) for file in files)
