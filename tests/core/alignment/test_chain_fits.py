"""How much density a map has for each chain of a model."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.errors import InputError
from botalign.geometry import inverse, matrix_from_rotation_vector
from botalign.scores import ChainFit, missing_chains_text

from ..globules import globule_in

RESOLUTION = 10.0
CENTRES = np.array([[0.0, 0.0, 0.0], [42.0, 0.0, 6.0], [8.0, 40.0, 0.0], [45.0, 38.0, 12.0]])
#: Where the model is, relative to the map.
MOTION = np.column_stack([matrix_from_rotation_vector([0.9, -1.7, 0.5]), [12.0, -8.0, 30.0]])
NAMES = ("A", "B", "C", "D")


def globule(seed: int, atoms: int = 260) -> np.ndarray:
    """Return an invented chain, centred at 0."""
    rng = np.random.default_rng(seed)
    points = globule_in(rng.uniform(14, 26, 3), rng, atoms)
    return points - points.mean(axis=0)


def model_of(centres: np.ndarray, names: tuple[str, ...] = NAMES) -> botalign.Model:
    """Return a model whose chains are at these centres."""
    chains = [globule(seed) + centre for seed, centre in enumerate(centres)]
    numbers = np.repeat(np.arange(len(chains)), [len(each) for each in chains])
    return botalign.Model(np.concatenate(chains), np.full(len(numbers), 6.0), names, "model", atom_chains=numbers)


@pytest.fixture(scope="module")
def fixed() -> botalign.DensityMap:
    return botalign.simulate(model_of(CENTRES), RESOLUTION, voxel_size_angstrom=3.0)


def aligned(fixed: botalign.DensityMap, model: botalign.Model, **options: object) -> botalign.Alignment:
    moved = model.moved(inverse(MOTION))
    return botalign.align(fixed, moved, resolution=RESOLUTION, hand="keep", threads=2, **options)  # type: ignore[arg-type]


def occupancies(result: botalign.Alignment) -> dict[str, float]:
    return {each.name: each.occupancy for each in result.chain_fits}


def test_a_map_shows_all_chains_of_its_model(fixed: botalign.DensityMap) -> None:
    result = aligned(fixed, model_of(CENTRES))
    assert result.verdict == "certain"
    assert list(occupancies(result)) == list(NAMES)
    assert min(occupancies(result).values()) > 0.95
    assert result.missing_chains_text is None
    assert "\nlow density" not in result.to_text()


@pytest.mark.parametrize("place", [(60.0, 80.0, 40.0), (24.0, 18.0, 8.0)], ids=["outside", "on top of other chains"])
def test_a_chain_at_a_wrong_place_is_reported(fixed: botalign.DensityMap, place: tuple[float, float, float]) -> None:
    wrong = CENTRES.copy()
    wrong[1] = place
    result = aligned(fixed, model_of(wrong))
    assert result.verdict == "certain"  # the other three fit
    found = occupancies(result)
    assert found.pop("B") < 0.3
    assert min(found.values()) > 0.7
    text = result.missing_chains_text
    assert text is not None
    assert text.endswith(" for chain B; move it in the model, or leave it out")
    assert "\nlow density  the map has " in result.to_text()


def test_a_chain_that_is_not_in_the_map_is_reported_beside_noise(fixed: botalign.DensityMap) -> None:
    partly = botalign.simulate(model_of(CENTRES[:3], NAMES[:3]), RESOLUTION, grid=fixed.grid)
    noise = np.random.default_rng(5).normal(0, 0.15 * float(partly.data.max()), partly.data.shape)
    noisy = partly.with_data(partly.data + noise.astype(np.float32))
    found = occupancies(aligned(noisy, model_of(CENTRES)))
    assert found.pop("D") < 0.3
    assert min(found.values()) > 0.6


@pytest.mark.parametrize(("shift", "noise"), [(0.0, 0.0), (0.2, 0.3)])
def test_of_two_chains_at_the_same_place_the_second_has_no_density(
    fixed: botalign.DensityMap, shift: float, noise: float
) -> None:
    model = model_of(CENTRES)
    last = model.points[model.atom_chains == 3]
    double = botalign.Model(
        np.concatenate([model.points, last + np.array([shift, 0, 0])]), np.full(len(model.points) + len(last), 6.0),
        (*NAMES, "E"), "model", atom_chains=np.append(np.asarray(model.atom_chains), np.full(len(last), 4)),
    )  # fmt: skip
    added = np.random.default_rng(1).normal(0, noise * float(fixed.data.max()), fixed.data.shape)
    noisy = fixed.with_data(fixed.data + added.astype(np.float32))
    found = {each.name: each for each in botalign.model_fit(noisy, double, RESOLUTION).chain_fits}
    assert found["D"].occupancy == pytest.approx(1, abs=0.1)
    assert [name for name, each in found.items() if each.is_missing] == ["E"]
    assert found["E"].occupancy == 0


def test_the_model_may_be_the_fixed_one(fixed: botalign.DensityMap) -> None:
    wrong = CENTRES.copy()
    wrong[2] = (60.0, 80.0, 40.0)
    result = botalign.align(model_of(wrong), fixed, resolution=RESOLUTION, hand="keep", threads=2)
    assert [each.name for each in result.chain_fits if each.is_missing] == ["C"]


def test_chains_are_not_compared_where_the_map_need_not_show_them(fixed: botalign.DensityMap) -> None:
    model = model_of(CENTRES)
    single = model_of(CENTRES[:1], NAMES[:1])
    assert aligned(fixed, replace(model, atom_chains=None)).chain_fits == ()
    assert aligned(fixed, single, partial=True).chain_fits == ()
    everything = fixed.with_data(np.ones_like(fixed.data))
    assert aligned(fixed, model, mask_fixed=everything, local_degrees=5, start=MOTION).chain_fits == ()
    of_one = botalign.simulate(single, RESOLUTION, voxel_size_angstrom=3.0)
    assert aligned(of_one, model, partial=True, local_degrees=5, start=MOTION).chain_fits == ()


def test_atoms_outside_polymers_belong_to_no_chain(fixed: botalign.DensityMap) -> None:
    model = model_of(CENTRES)
    assert model.atom_chains is not None
    waters = np.random.default_rng(1).normal((24.0, 18.0, 70.0), 8, (700, 3))  # where the map shows nothing
    points, weights = np.concatenate([model.points, waters]), np.full(len(model.points) + 700, 6.0)
    shown = {}
    for name, number in (("no chain", -1), ("chain B", 1)):
        owners = np.concatenate([model.atom_chains, np.full(700, number)])
        with_waters = botalign.Model(points, weights, NAMES, "model", atom_chains=owners)
        shown[name] = occupancies(aligned(fixed, with_waters, local_degrees=5, start=MOTION))["B"]
    assert shown["no chain"] > 0.9
    assert shown["chain B"] < 0.6


@pytest.mark.parametrize("others", [0, 5], ids=["chains only", "with a ligand"])
def test_a_chain_without_mass_is_not_compared(fixed: botalign.DensityMap, others: int) -> None:
    model = model_of(CENTRES)
    assert model.atom_chains is not None
    weights = np.where(model.atom_chains == 1, 0.0, model.weights)  # occupancies of 0
    with_ligand = botalign.Model(
        np.concatenate([model.points, model.points[:others] + 1]), np.append(weights, np.full(others, 6.0)), NAMES,
        "model", atom_chains=np.append(model.atom_chains, np.full(others, -1)),
    )  # fmt: skip
    found = occupancies(aligned(fixed, with_ligand, local_degrees=5, start=MOTION))
    assert list(found) == ["A", "C", "D"]
    assert min(found.values()) > 0.9


@pytest.mark.parametrize("factor", [0.3, 0.1])
def test_a_chain_with_wrong_occupancies_does_not_accuse_the_others(fixed: botalign.DensityMap, factor: float) -> None:
    model = model_of(CENTRES)
    weights = np.where(model.atom_chains == 1, factor * model.weights, model.weights)
    found = aligned(fixed, replace(model, weights=weights), local_degrees=5, start=MOTION)
    assert found.missing_chains_text is None
    assert occupancies(found)["B"] > 2


def test_a_pose_that_was_not_judged_has_no_missing_chains(fixed: botalign.DensityMap) -> None:
    wrong = CENTRES.copy()
    wrong[1] = (60.0, 80.0, 40.0)
    found = aligned(fixed, model_of(wrong), refine=False, local_degrees=5, start=MOTION)
    assert any(each.is_missing for each in found.chain_fits)
    assert found.missing_chains_text is None


def test_the_scores_of_a_model_have_its_chains(fixed: botalign.DensityMap) -> None:
    wrong = CENTRES.copy()
    wrong[3] = (60.0, 80.0, 40.0)
    fit = botalign.model_fit(fixed, model_of(wrong), RESOLUTION)
    assert [each.name for each in fit.chain_fits] == list(NAMES)
    assert [each.name for each in fit.chain_fits if each.is_missing] == ["D"]
    assert botalign.model_fit(fixed, replace(model_of(wrong), atom_chains=None), RESOLUTION).chain_fits == ()


def test_without_names_of_chains_nothing_is_compared(fixed: botalign.DensityMap) -> None:
    model = model_of(CENTRES)
    nameless = replace(model, chains=(), atom_chains=np.full(len(model.points), -1))
    assert aligned(fixed, nameless, local_degrees=5, start=MOTION).chain_fits == ()


def test_the_result_file_keeps_the_chains(fixed: botalign.DensityMap, tmp_path: Path) -> None:
    result = aligned(fixed, model_of(CENTRES))
    result.write(tmp_path / "result.json")
    assert botalign.Alignment.read(tmp_path / "result.json").chain_fits == result.chain_fits
    content = json.loads(result.to_json())
    del content["chain_fits"]  # as in files that were written before
    (tmp_path / "older.json").write_text(json.dumps(content))
    assert botalign.Alignment.read(tmp_path / "older.json").chain_fits == ()


def test_chains_without_density_as_text() -> None:
    shown, half = ChainFit("A", 1.0), ChainFit("B", 0.6)
    assert missing_chains_text([shown, half]) is None
    assert missing_chains_text([]) is None
    last = "move it in the model, or leave it out"
    none, little = ChainFit("B", -0.05), ChainFit(" ", 0.123)
    assert missing_chains_text([shown, none]) == f"the map has almost no density for chain B; {last}"
    assert missing_chains_text([shown, little]) == (
        f"the map has only 12% of the density expected for chain ' '; {last}"
    )
    last = last.replace("it", "them")
    assert missing_chains_text([shown, none, little]) == (
        f"the map has little or no density for chains B (0%) and ' ' (12%); {last}"
    )
    assert missing_chains_text([shown, *(ChainFit(name, 0.2) for name in "BCDEFG")]) == (
        f"the map has little or no density for chains B (20%), C (20%), D (20%), E (20%) and 2 more; {last}"
    )


@pytest.mark.parametrize("numbers", [[0, 1], [0, 0, 2], [0, -2, 0], [0, 0.5, 0]])
def test_unknown_chains_of_atoms_are_refused(numbers: list[float]) -> None:
    with pytest.raises(InputError, match=r"chains of atoms of shape .* and whole numbers from -1 to 1"):
        botalign.Model(np.eye(3), np.ones(3), ("A", "B"), atom_chains=np.array(numbers))
