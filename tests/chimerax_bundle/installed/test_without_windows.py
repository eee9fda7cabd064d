"""In ChimeraX without windows: ``CHIMERAX=/path/to/ChimeraX pytest tests/chimerax_bundle/installed``."""

import pytest

from .names import names


@pytest.mark.slow
@pytest.mark.parametrize("name", names("plain"))
def test(plain, judge, name):
    judge(plain, name)
