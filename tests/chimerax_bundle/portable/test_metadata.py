import inspect
import struct
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def project(bundle):
    return tomllib.loads((bundle / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def core():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def version(bundle):
    namespace = {}
    line = next(line for line in (bundle / "src/__init__.py").read_text().splitlines() if "__version__ =" in line)
    exec(line, namespace)
    return namespace["__version__"]


def test_the_version_is_that_of_botalign(version, core):
    assert version == core["version"]


def test_it_requires_the_botalign_of_this_checkout(project, core):
    asked = next(r for r in map(Requirement, project["project"]["dependencies"]) if r.name == "botalign")
    assert core["version"] in asked.specifier


def test_it_requires_nothing_that_could_replace_a_package_of_chimerax(project):
    names = {Requirement(r).name.lower() for r in project["project"]["dependencies"]}
    assert not names & {"numpy", "scipy"}
    assert all(name == "botalign" or name.startswith("chimerax-") for name in names)


def test_botalign_works_with_the_packages_of_chimerax(core):
    # ChimeraX 1.12.
    own = {"numpy": "1.26.4", "scipy": "1.14.0"}
    for requirement in map(Requirement, core["dependencies"]):
        if requirement.name in own:
            assert own[requirement.name] in requirement.specifier


def test_build_backend_and_name(project):
    assert project["build-system"]["build-backend"] == "chimerax.bundle_builder.cx_pep517"
    assert project["project"]["name"] == "ChimeraX-BOTalign"
    assert {"version", "classifiers", "requires-python"} <= set(project["project"]["dynamic"])
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "src.__version__"


def test_all_files_are_in_the_wheel(bundle, project):
    packed = {
        path
        for folder, patterns in project["tool"]["chimerax"]["package-data"].items()
        for pattern in patterns
        for path in (bundle / folder).glob(pattern)
    }
    there = {
        path
        for path in (bundle / "src").rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert there == packed


def test_entries_of_toolshed_and_menus(bundle, project):
    settings = project["tool"]["chimerax"]
    assert settings["categories"] == ["Volume Data"]
    assert settings["tool"]["BOTalign"]["category"] == "Volume Data"
    button = settings["provider"]["BOTalign"]
    assert (button["manager"], button["tab"]) == ("toolbar", "Map")
    icon = (bundle / "src/icons" / button["icon"]).read_bytes()
    assert icon.startswith(b"\x89PNG")
    assert struct.unpack(">II", icon[16:24]) == (128, 128)
    assert len(project["project"]["description"]) < 100


def test_every_declared_command_is_registered(project, load, recorder):
    cmd = load("cmd")
    for name in project["tool"]["chimerax"]["command"]:
        cmd.register(name, None)
    assert recorder.commands.keys() == {
        "botalign", "botalign fits", "botalign score", "botalign potential", "botalign orient",
        "botalign assemble", "botalign apply",
    }  # fmt: skip
    for name, command in recorder.commands.items():
        parameters = inspect.signature(command["function"]).parameters
        arbitrary = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        assert arbitrary or {*command["optional"], *command["keyword"]} <= set(parameters), name
