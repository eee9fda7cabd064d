"""In ChimeraX without windows: ``CHIMERAX=/path/to/ChimeraX pytest tests/chimerax_bundle/installed``."""

import pytest

from .names import names


@pytest.mark.slow
@pytest.mark.parametrize(("module", "name"), names("plain"))
def test(plain, judge, module, name):
    judge(plain(module), name)
