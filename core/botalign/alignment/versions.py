"""The versions of the packages that a result depends on."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

PACKAGES = ("botalign", "numpy", "scipy", "numba", "PyWavelets", "pymanopt", "finufft")


def versions() -> dict[str, str]:
    """Return the version of Python, and of each package by its name."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


@cache
def _version(name: str) -> str:
    """Return the version of a package. It is cached, because reading metadata is slow."""
    return metadata.version(name)
