import subprocess
import sys
from importlib import import_module

import botalign


def test_every_public_name_is_there_whatever_room_was_used_before() -> None:
    # A room has its name as an attribute of the package once it is imported; no public name may be one of them.
    code = (
        "import botalign; botalign.align; "
        "print([n for n in botalign.__all__ if hasattr(getattr(botalign, n), '__path__')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_the_one_of_its_room() -> None:
    for name in botalign.__all__:
        value = getattr(botalign, name)
        assert getattr(import_module(value.__module__), name) is value


def test_importing_the_package_loads_no_numerics() -> None:
    code = "import sys, botalign; print({'numpy', 'scipy', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
