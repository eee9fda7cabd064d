"""A separate virtual environment for each program, below ``benchmarks/.environments``.

``python benchmarks/environments.py [NAME ...]`` creates them without running a benchmark.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PEERS = ("aspire", "emalign", "torch", "botalign")
ALL = (*PEERS, "powerfit")
# uv ignores the local wheel folders that pip is configured with, and would then install the CUDA build of torch.
PLAIN_PIP = frozenset({"torch"})


def wanted(name: str) -> str:
    """Return a digest of all sources of an environment, which is recreated when the digest changes."""
    digest = hashlib.sha256(sys.version.encode())
    sources = [HERE / "requirements" / f"{name}.txt"]
    if name == "botalign":
        sources = [ROOT / "pyproject.toml", *sorted((ROOT / "core").rglob("*.py"))]
    for source in sources:
        digest.update(str(source.relative_to(ROOT)).encode() + source.read_bytes())
    return digest.hexdigest()


def call(command: list[str]) -> None:
    """Run a command quietly; raise an error with its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\nexit code {done.returncode}\n{done.stderr[-2000:]}")


def install(name: str, python: Path) -> None:
    """Install one program into the environment of ``python``."""
    uv = None if name in PLAIN_PIP else shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    pip = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    if name == "botalign":
        # Not editable, so that users get what is measured. The version does not change with the source, so an
        # installed or cached copy must be replaced.
        call([*pip, f"{ROOT}[models]"])
        call([*pip, *(["--reinstall-package", name] if uv else ["--force-reinstall", "--no-deps"]), str(ROOT)])
        return
    requirements = HERE / "requirements" / f"{name}.txt"
    if name == "torch":
        # First and separately: resolved together with its dependants, CUDA packages may be installed too.
        call([*pip, next(line for line in requirements.read_text().splitlines() if line.startswith("torch=="))])
    call([*pip, "-r", str(requirements)])


def interpreter(name: str) -> Path:
    """Return the interpreter of the environment of a program, which is created or renewed if necessary."""
    folder = HERE / ".environments" / name
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    if not (python.exists() and stamp.exists() and stamp.read_text() == wanted(name)):
        print(f"making the environment of {name} in {folder.relative_to(ROOT)} ...", flush=True)
        stamp.unlink(missing_ok=True)
        call([sys.executable, "-m", "venv", str(folder)])
        install(name, python)
        stamp.write_text(wanted(name))
    return python


def main() -> None:
    """Make the environments named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=ALL, metavar="NAME", help=f"any of {', '.join(ALL)}")
    for name in parser.parse_args().names:
        if name not in ALL:
            parser.error(f"no program called {name!r}; there are {', '.join(ALL)}")
        print(name, interpreter(name))


if __name__ == "__main__":
    main()
