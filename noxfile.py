"""Checks of BOTalign: ``nox`` runs all that must pass before a change lands, ``nox -l`` lists them."""

import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2026.2"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["lint", "types", "tests", "lowest", "docs", "wheel", "demo"]

CHECKOUT = Path(__file__).parent
DEPENDENCIES = nox.project.load_toml("pyproject.toml")["project"]["dependencies"]
EXTRAS = ("figures", "many", "models", "dask", "landscape")
#: Tests that are not marked slow take at most 3 s on an idle machine. This is with a margin.
LIMIT = "--limit=5"

os.environ.setdefault("BOTALIGN_DATA", str(CHECKOUT.parent / "shared" / "data"))
os.environ.setdefault("MPLBACKEND", "Agg")


@nox.session
def lint(session: nox.Session) -> None:
    """Run the linters of .pre-commit-config.yaml on all files."""
    session.install("pre-commit")
    session.run("pre-commit", "run", "--all-files", "--show-diff-on-failure", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types."""
    session.install("-e", ".", "--group", "types")
    session.run("mypy", *session.posargs)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run all tests on the newest versions, by the command of the README."""
    _run_readme_command(session, "pytest -n auto")


@nox.session(venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Run the tests of the core that are not slow on the lowest supported versions, from the wheel."""
    extras = [f"--extra={name}" for name in EXTRAS]
    # "Lowest" applies to what is requested directly: the dependencies, not what the package itself requires.
    requested = ["-r", "pyproject.toml", *extras, "--group=test-core", f".[{','.join(EXTRAS)}]"]
    session.install("--resolution=lowest-direct", *requested)
    installed = dict(re.findall(r"^([\w-]+)==(\S+)$", str(session.run("uv", "pip", "freeze", silent=True)), re.M))
    for name, floor in (requirement.split(">=") for requirement in DEPENDENCIES):
        session.log(f"{name} {installed[name]}")
        if not f"{installed[name]}.".startswith(f"{floor}."):
            session.error(f"{name} {installed[name]} is installed, but {floor} is the lowest supported version")
    # "python -m" lets the oldest pytest find the packages of the tests for their relative imports.
    command = ("python", "-m", "pytest", "-q", "-n", "auto", "-m", "not slow")
    session.run(*_limited(*command), *session.posargs, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation and execute its examples; warnings are errors."""
    session.install("-e", ".", "--group", "docs")
    session.run("bash", "tests/system_packages.sh", external=True)
    command = ("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html")
    session.run(*_limited(*command), external=True)


@nox.session(venv_backend="uv")
def wheel(session: nox.Session) -> None:
    """Build dist/ and check it, and run the demo from the wheel, in an environment without napari."""
    shutil.rmtree("dist", ignore_errors=True)
    session.run("uv", "build", "-q")
    session.run("uv", "tool", "run", "-q", "twine", "check", "--strict", *map(str, Path("dist").glob("botalign*")))
    (built,) = CHECKOUT.glob("dist/*.whl")
    session.install(f"botalign[figures] @ {built.as_uri()}")
    session.run(
        "python", "-c", "from importlib.util import find_spec as find; assert not (find('napari') or find('qtpy'))"
    )
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
        session.run("botalign", "demo")


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """Install BOTalign and run its demo, by the command of the README."""
    _run_readme_command(session, "botalign demo")


@nox.session(default=False)
def speed(session: nox.Session) -> None:
    """Fail tests that take over 3 s and are not marked slow; only an idle machine tells."""
    session.install("-e", ".", "--group", "test")
    session.run("pytest", "-q", "-n", "2", "-m", "not slow", "--limit=3", *session.posargs)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Report the lines that no test executes."""
    session.install("-e", ".", "--group", "test", "pytest-cov>=7")
    session.run("pytest", "-q", "-n", "auto", "--cov", "--cov-report=term-missing:skip-covered", *session.posargs)


def _run_readme_command(session: nox.Session, end: str, **environment: str) -> None:
    """Run the command of the README that ends so, in a copy of the checkout."""
    (command,) = re.findall(rf"^python3 -m venv .*{re.escape(end)}$", (CHECKOUT / "README.md").read_text(), re.M)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(".?*", "_build", "build", "dist"))
        with session.chdir(copy):
            command = f"{command} {shlex.join(session.posargs)}"
            session.run(*_limited("bash", "-c", command), external=True, env=environment)


def _limited(*command: str) -> tuple[str, ...]:
    """Interrupt a command after the number of seconds in COMMAND_SECONDS, so that the other sessions still run."""
    seconds = os.environ.get("COMMAND_SECONDS")
    return ("timeout", "--signal=INT", "--kill-after=60", seconds, *command) if seconds else command
