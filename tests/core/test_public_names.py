import subprocess
import sys
from importlib import import_module

import botalign


def test_public_names_do_not_depend_on_earlier_imports() -> None:
    # A package is an attribute of its parent once it is imported; no public name may be the name of a package.
    code = (
        "import botalign; botalign.align; "
        "print([n for n in botalign.__all__ if hasattr(getattr(botalign, n), '__path__')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_that_of_its_package() -> None:
    for name in botalign.__all__:
        value = getattr(botalign, name)
        assert getattr(import_module(value.__module__), name) is value


def test_importing_the_package_loads_no_numerics() -> None:
    code = "import sys, botalign; print({'numpy', 'scipy', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
