"""Of what results depend on beside inputs and options: blocks of work from other versions are not mixed."""

from importlib import metadata


def versions() -> dict[str, str]:
    """Return the versions of this program and of the libraries whose arithmetic it uses, by their names."""
    return {name: metadata.version(name) for name in ("botalign", "numpy", "scipy", "numba")}
