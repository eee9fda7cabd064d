import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from botalign import Alignment, DensityMap, InputError, align
from botalign.alignment.records import Part, TracePoint
from botalign.alignment.symmetry import Symmetry
from botalign.geometry import apply_transform, from_napari, is_rigid, random_rotations


def same(first: Alignment, second: Alignment) -> None:
    """Check every field, to the last bit."""
    np.testing.assert_array_equal(first.moving_to_fixed, second.moving_to_fixed)
    for field in dataclasses.fields(Alignment):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if field.name.startswith("shells"):
            np.testing.assert_array_equal(one.frequency_per_angstrom, other.frequency_per_angstrom)
            np.testing.assert_array_equal(one.correlation, other.correlation)
        elif field.name == "candidates":
            for c, d in zip(one, other, strict=True):
                np.testing.assert_array_equal(c.moving_to_fixed, d.moving_to_fixed)
                assert (c.mirrored, c.loss, c.correlation) == (d.mirrored, d.loss, d.correlation)
        elif field.name == "uncertainty":
            assert (one is None) == (other is None)
            if one is not None:
                np.testing.assert_array_equal(one.covariance, other.covariance)
        elif field.name != "moving_to_fixed":
            assert one == other, field.name


@pytest.mark.parametrize("kind", ["result", "mirrored_result"])
def test_a_written_result_is_read_back_bit_for_bit(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(kind)
    found.write(tmp_path / "r.json")
    back = Alignment.read(tmp_path / "r.json")
    same(found, back)
    assert back.to_json() == found.to_json()


def test_infinite_numbers_survive_json(result: Alignment, tmp_path: Path) -> None:
    before = dataclasses.replace(result.before, fsc_resolution_angstrom=float("inf"))
    hand = dataclasses.replace(result.hand, standard_error=float("inf"))
    odd = dataclasses.replace(result, before=before, hand=hand)
    odd.write(tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text()
    assert "Infinity" not in text
    assert "NaN" not in text
    same(odd, Alignment.read(tmp_path / "r.json"))


def test_the_file_is_json_with_the_promised_names(result: Alignment) -> None:
    content = json.loads(result.to_json())
    assert content["format"] == "botalign-alignment"
    assert content["version"] == 1
    assert np.array(content["moving_to_fixed"]).shape == (3, 4)
    assert content["hand"]["decision"] == "as given"
    assert content["verdict"] == "certain"
    assert content["symmetry"] is None
    for name in ("fixed", "moving"):
        assert set(content[name]["grid"]) == {"shape", "voxel_size_angstrom", "origin_angstrom"}
    assert set(content["scores"]) == {"before", "after"}
    assert {"mirrored", "candidates", "parameters", "seed", "versions", "seconds"} <= set(content)


@pytest.mark.parametrize(
    "options",
    [
        {"size": np.int64(16), "evaluations": np.int32(3), "seed": np.int64(1)},
        {"contour_level_fixed": np.float32(1.0), "contour_level_moving": np.float64(1.0)},
        {"local_degrees": np.float32(20.0)},
        {"loss": lambda rotated, still: float(np.abs(rotated - still).max())},
    ],
)
def test_a_result_with_any_options_can_be_written(
    options: dict, fixed: DensityMap, moving: DensityMap, tmp_path: Path
) -> None:
    found = align(fixed, moving, **({"size": 16, "evaluations": 3, "hand": "keep"} | options))
    found.write(tmp_path / "r.json")
    same(found, Alignment.read(tmp_path / "r.json"))


def test_a_result_is_not_overwritten_unless_asked(result: Alignment, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists"):
        result.write(path)
    assert path.read_text() == "precious"
    result.write(path, overwrite=True)
    assert Alignment.read(path).seed == result.seed
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def refused(path: Path, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Alignment.read(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "\n" not in text


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.json", "no such file")
    refused(tmp_path, "got a folder, expected a result file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"MAP \x00\xff\xfe\x81", "not text"),
        (b'{"format": "botalign-alignment", "version": 1, "mov', "not JSON"),
        (b"[1, 2, 3]", "not a result file"),
        (b"{}", "not a result file"),
        (b'{"format": "something else", "version": 1}', "not a result file"),
        (b'{"format": "botalign-alignment", "version": 2}', "version 2.*upgrade"),
        (b'{"format": "botalign-alignment", "version": 1}', "damaged"),
    ],
)
def test_a_file_of_another_kind_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(content)
    refused(tmp_path / "r.json", message)


@pytest.mark.parametrize(
    "damage",
    [
        {"moving_to_fixed": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]},
        {"moving_to_fixed": [[2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]},
        {"moving_to_fixed": [[1, 0, 0, None], [0, 1, 0, 0], [0, 0, 1, 0]]},
        {"moving_to_fixed": "none"},
        {"moving_to_fixed": None},
        {"mirrored": True},
        {"fixed": {"name": "a", "grid": {"shape": [0, 1, 1]}}},
        {"fixed": {"name": "a"}},
        {"fixed": None},
        {"scores": {"before": {}, "after": {}}},
        {"scores": []},
        {"shells": []},
        {"shells": {}},
        {"hand": 3},
        {"hand": {"decision": "as given"}},
        {"candidates": 5},
        {"candidates": [{}]},
        {"trace": [{"loss": 1}]},
        {"trace": [3]},
        {"parameters": 3},
        {"seed": "x"},
        {"versions": None},
        {"seconds": None},
    ],
    ids=str,
)
def test_a_damaged_file_is_refused(damage: dict, result: Alignment, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(result.to_dict() | damage))
    refused(tmp_path / "r.json", "damaged")


@pytest.mark.parametrize("name", ["moving_to_fixed", "mirrored", "fixed", "scores", "shells", "candidates", "trace"])
def test_a_file_with_something_missing_is_refused(name: str, result: Alignment, tmp_path: Path) -> None:
    content = result.to_dict()
    del content[name]
    (tmp_path / "r.json").write_text(json.dumps(content))
    refused(tmp_path / "r.json", "damaged")


def test_a_result_cannot_be_changed(result: Alignment) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.mirrored = True


@pytest.mark.parametrize("kind", ["result", "mirrored_result"])
def test_napari_gets_the_same_transform_in_z_y_x(kind: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(kind)
    points = np.random.default_rng(0).normal(0, 50, (10, 3))
    affine = found.to_napari()
    moved = (affine @ np.column_stack([points[:, ::-1], np.ones(10)]).T).T
    np.testing.assert_allclose(moved[:, 2::-1], apply_transform(found.moving_to_fixed, points), atol=1e-9)
    np.testing.assert_array_equal(moved[:, 3], 1)
    back = from_napari(affine.round(6))
    np.testing.assert_allclose(back, found.moving_to_fixed, atol=1e-5)
    assert is_rigid(back, tolerance=1e-12)


def test_chimerax_gets_a_view_matrix_line(result: Alignment) -> None:
    command = result.to_chimerax("#3.1")
    assert command.startswith("view matrix models #3.1,")
    numbers = np.array(command.removeprefix("view matrix models #3.1,").split(","), dtype=float)
    np.testing.assert_allclose(numbers.reshape(3, 4), result.moving_to_fixed, atol=1e-7)
    assert result.to_chimerax().startswith("view matrix models #2,")


def test_pyem_keeps_the_projection_of_every_atom(result: Alignment) -> None:
    # As subparticles.py does with --origin 0,0,0: orientations are multiplied from the right by the transposed
    # rotation, origins grow by the rotated shift.
    matrix = np.array(json.loads(result.export("pyem")))
    before = random_rotations(1, np.random.default_rng(5))[0]
    after = before @ matrix[:, :3].T
    grown = after @ matrix[:, 3]
    middles = [
        np.array(grid.origin_angstrom) + np.array(grid.voxel_size_angstrom) * [n // 2 for n in grid.shape[::-1]]
        for grid in (result.moving.grid, result.fixed.grid)
    ]
    for atom in np.random.default_rng(6).normal(0, 20, (5, 3)):
        there = apply_transform(result.moving_to_fixed, atom)
        np.testing.assert_allclose(after @ (there - middles[1]) - grown, before @ (atom - middles[0]), atol=1e-9)


@pytest.mark.parametrize("to", ["chimerax", "pyem", "relion", "euler"])
def test_programs_that_cannot_mirror_get_an_error(to: str, mirrored_result: Alignment) -> None:
    with pytest.raises(InputError, match=r"the transform mirrors the moving map, which .* cannot; .*\.$") as caught:
        mirrored_result.export(to)
    assert "\n" not in str(caught.value)


def test_the_text_contains_the_numbers(result: Alignment, mirrored_result: Alignment) -> None:
    text = result.to_text()
    assert f"{result.angle_degrees:.2f} degrees" in text
    assert f"{result.after.correlation:.4f} after" in text
    assert "as given" in text
    assert "mirror" in mirrored_result.to_text()


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (1.0, "100%"),
        (0.54, "54%"),
        (0.1, "1 in 10"),
        (0.0078, "1 in 100"),
        (1e-3, "1 in 1,000"),
        (2e-5, "1 in 50,000"),
        (1.3e-6, "1 in 700,000"),
        (1e-6, "1 in 1,000,000"),
        (3e-30, "below 1 in a million"),
        (0.0, "below 1 in a million"),
    ],
)
def test_the_chance_as_text(probability: float, text: str, result: Alignment) -> None:
    whole = dataclasses.replace(result, probability=probability)
    assert whole.chance == text
    assert f"\nchance       {text} that unrelated maps fit as well\n" in whole.to_text()
    part = dataclasses.replace(whole, part=Part("moving", 0.2, "requested", (0.0, 0.0, 0.0)))
    assert part.chance_text == f"{text} that a wrong place fits as well"


def test_an_unknown_chance(result: Alignment) -> None:
    unknown = dataclasses.replace(result, probability=None)
    assert (unknown.chance, unknown.chance_text) == (None, None)
    assert "\nchance" not in unknown.to_text()


def test_when_a_search_ended_early(result: Alignment) -> None:
    def ended(made: tuple[int, int], verdict: str = "certain", **parameters: object) -> str | None:
        trace = tuple(TracePoint(hand, 1.0) for hand in (False, True) for _ in range(made[hand]))
        chosen = {**result.parameters, "evaluations": None, **parameters}
        return dataclasses.replace(result, trace=trace, verdict=verdict, parameters=chosen).ended_text

    assert ended((12, 0)) == "certain after 12"
    assert ended((5, 7)) == "certain after 7"
    assert ended((50, 50), "ambiguous") == "ended after 50"
    # It made all, the number was chosen, the rotation was known, or a part was searched for.
    assert ended((200, 200)) is None
    assert ended((12, 12), evaluations=12) is None
    assert ended((1, 1), rotate=False) is None
    assert ended((0, 0)) is None


def test_the_rotation_in_other_notations(result: Alignment) -> None:
    a, b, c = np.radians([30.0, 50.0, -20.0])
    z = [np.array([[np.cos(x), -np.sin(x), 0], [np.sin(x), np.cos(x), 0], [0, 0, 1]]) for x in (a, c)]
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    found = dataclasses.replace(result, moving_to_fixed=np.column_stack([z[0] @ y @ z[1], np.zeros(3)]), mirrored=False)
    np.testing.assert_allclose(found.euler_degrees, [30, 50, -20])
    half = np.radians(found.angle_degrees / 2)
    np.testing.assert_allclose(found.quaternion, [np.cos(half), *(np.sin(half) * found.axis)])


def test_a_symmetry_is_read_back(result: Alignment, tmp_path: Path) -> None:
    turned = np.array([[[-1.0, 0, 0, 3], [0, -1, 0, 2], [0, 0, 1, 0]]])
    symmetry = Symmetry("C2", np.concatenate([np.eye(3, 4)[None], turned]), np.array([0.0, 0, 1]))
    dataclasses.replace(result, symmetry=symmetry).write(tmp_path / "r.json")
    found = Alignment.read(tmp_path / "r.json").symmetry
    assert found is not None
    assert (found.group, found.order) == ("C2", 2)
    np.testing.assert_array_equal(found.operations, symmetry.operations)
    np.testing.assert_array_equal(found.axis, symmetry.axis)
