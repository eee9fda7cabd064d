"""In ChimeraX, on a virtual screen: ``CHIMERAX=/path/to/ChimeraX pytest tests/chimerax_bundle/installed``."""

import pytest

from .names import names


@pytest.mark.slow
@pytest.mark.parametrize(("module", "name"), names("windows"))
def test(windows, judge, module, name):
    judge(windows(module), name)
