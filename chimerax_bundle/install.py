"""Install BOTalign from this checkout into ChimeraX, for the current user.

    "$CHIMERAX" --nogui --exit --script chimerax_bundle/install.py

where ``CHIMERAX`` is ChimeraX's executable. It needs a package index for the dependencies of BOTalign. No package of
ChimeraX is replaced: pip keeps their versions, and refuses if they do not satisfy BOTalign.
"""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib import metadata
from pathlib import Path

from chimerax.core.commands.devel import devel_install
from chimerax.core.errors import UserError
from chimerax.core.python_utils import chimerax_environment, chimerax_python_executable

CHECKOUT = Path(__file__).resolve().parents[1]
OURS = ("botalign", "chimerax-botalign")
#: Compiles the loops, which are cached, so that the first command does not have to.
TRY = """
import botalign
a = botalign.phantom(32, voxel_size_angstrom=4.0)
aligned = botalign.align(a, a, evaluations=8)
botalign.score(a, a)
print("botalign", botalign.__version__, "works, correlation", round(aligned.after.correlation, 4))
"""


def say(text):
    """Print without delay."""
    print(text, file=sys.__stdout__, flush=True)


def python(*arguments):
    """Run ChimeraX's Python and return its output."""
    with chimerax_environment():
        done = subprocess.run([chimerax_python_executable(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{' '.join(arguments[:4])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def pins():
    """Return a requirement for each package of ChimeraX, with its version."""
    folder = sysconfig.get_paths()["purelib"]
    names = {d.metadata["Name"]: d.version for d in metadata.distributions(path=[folder])}
    return [f"{name}=={version}" for name, version in sorted(names.items()) if name and name.lower() not in OURS]


def install_core(folder):
    """Install the package ``botalign`` and its dependencies."""
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pins()) + "\n")
    pip = ("-m", "pip", "install", "--user", "--no-warn-script-location", "--disable-pip-version-check")
    python(*pip, "--constraint", str(constraints), f"{CHECKOUT}[models]")


def install_bundle(session, folder):
    """Build and install the bundle from a copy, because the build creates files."""
    source = folder / "bundle"
    ignore = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(CHECKOUT / "chimerax_bundle", source, ignore=ignore)
    if devel_install(session, str(source), user=True, no_deps=True):
        raise UserError("The bundle could not be built or installed; see above.")


def main(session):
    """Install and test both."""
    with tempfile.TemporaryDirectory(prefix="botalign-install-") as name:
        say("Installing botalign and its dependencies ...")
        install_core(Path(name))
        say("Building and installing the bundle ...")
        install_bundle(session, Path(name))
    say("Compiling and testing ...")
    say(python("-c", TRY).strip())
    say("Installed. In ChimeraX, type: botalign #2 to #1")


main(session)  # noqa: F821 (defined by ChimeraX)
