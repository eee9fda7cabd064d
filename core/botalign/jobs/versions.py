"""The versions that results depend on, so that blocks of different versions are not mixed."""

from importlib import metadata


def versions() -> dict[str, str]:
    """Return the versions of this package and of the libraries whose arithmetic it uses, by name."""
    return {name: metadata.version(name) for name in ("botalign", "numpy", "scipy", "numba")}
