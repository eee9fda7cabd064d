"""Several copies of a part: their number, their places, and the point group of the set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment.copies import limits_for
from botalign.alignment.part_places import part_places
from botalign.alignment.part_search import Limits
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.symmetry import Symmetry
from botalign.geometry import apply_transform, compose, geodesic_degrees, inverse, point_group, random_rotations
from botalign.progress import exhaust

VOXEL = 2.5


@dataclass(frozen=True)
class Ring:
    """Copies of a part of beads, as a map; the part in another pose; and the poses that lead back to the copies."""

    whole: botalign.DensityMap
    part: botalign.DensityMap
    places: list[np.ndarray]
    group: np.ndarray


def beads(points: np.ndarray, side: int) -> botalign.DensityMap:
    """Return a map of Gaussian beads around the origin."""
    model = botalign.Model(points, np.ones(len(points)))
    return botalign.simulate(model, 10.0, grid=botalign.Grid.cube(side, VOXEL, np.zeros(3)))


def made(symbol: str, *, distance: float, missing: int = 0, seed: int = 0) -> Ring:
    """Make a complex of parts of irregular shape, some of its copies left out."""
    rng = np.random.default_rng([4, seed])
    points = rng.normal(size=(60, 3)) * [9.0, 6.0, 4.0]
    points = points[np.abs(points).max(axis=1) < 16] @ random_rotations(1, rng)[0].T
    frame = random_rotations(1, rng)[0]
    group = frame @ point_group(symbol) @ frame.T
    first = np.column_stack([np.eye(3), frame @ [distance, 0.2 * distance, 0.6 * distance]])
    operations = np.concatenate([group, np.zeros((len(group), 3, 1))], axis=2)
    poses = [compose(each, first) for each in operations][missing:]
    whole = beads(np.concatenate([apply_transform(pose, points) for pose in poses]), 52)
    motion = np.column_stack([random_rotations(1, rng)[0], rng.uniform(-8, 8, 3)])
    part = beads(apply_transform(motion, points), 28)
    return Ring(whole, part, [compose(pose, inverse(motion)) for pose in poses], operations)


def errors(result: botalign.Alignment, ring: Ring) -> list[tuple[int, float]]:
    """Return for each copy the nearest true place, and the distance of the two 10 A from the centre of the part."""
    points = np.concatenate([10 * np.eye(3), -10 * np.eye(3)])
    found = []
    assert result.copies is not None
    for copy in result.copies.placed:
        placed = apply_transform(copy.moving_to_fixed, points)
        apart = [np.linalg.norm(placed - apply_transform(truth, points), axis=1).max() for truth in ring.places]
        found.append((int(np.argmin(apart)), float(min(apart))))
    return found


@pytest.fixture(scope="module")
def ring() -> Ring:
    """Four copies with the group D2."""
    return made("D2", distance=22.0)


@pytest.fixture(scope="module")
def run(ring: Ring) -> tuple[list[botalign.Progress], botalign.Alignment]:
    """The records of a run that counts the copies, and its result."""
    options = botalign.AlignmentOptions(resolution=10, copies="auto", hand="keep", threads=2)
    steps, records = botalign.align_steps(ring.whole, ring.part, options), []
    while True:
        try:
            records.append(next(steps))
        except StopIteration as stop:
            return records, stop.value


@pytest.fixture(scope="module")
def counted(run: tuple[list[botalign.Progress], botalign.Alignment]) -> botalign.Alignment:
    """The copies, counted."""
    return run[1]


def test_copies_are_counted_and_placed(ring: Ring, counted: botalign.Alignment) -> None:
    found = errors(counted, ring)
    assert sorted(number for number, _ in found) == [0, 1, 2, 3]
    assert max(error for _, error in found) < 0.5
    copies = counted.copies
    assert copies is not None
    assert (copies.title, copies.wanted, copies.missing) == ("4 copies, D2", None, 0)
    assert {copy.verdict for copy in copies.placed} == {"certain"}
    assert counted.verdict == "certain"
    assert counted.method == "copies"
    assert copies.score >= copies.start_score
    assert all(copy.overlap <= copies.largest_overlap for copy in copies.placed)


def test_the_operators_of_a_set_are_those_it_was_made_with(ring: Ring, counted: botalign.Alignment) -> None:
    assert counted.copies is not None
    assert counted.copies.symmetry is not None
    found = counted.copies.symmetry.symmetry
    assert found.order == 4
    for operation in found.operations:
        angles = geodesic_degrees(ring.group[:, :, :3], operation[:, :3])
        assert angles.min() < 0.5
        apart = apply_transform(operation, np.zeros(3))  # the axes meet in the origin
        assert np.linalg.norm(apart) < 0.3
    assert counted.copies.symmetry.angle_degrees < 1


def test_the_first_copy_of_a_symmetric_set_has_the_smallest_rotation(counted: botalign.Alignment) -> None:
    assert counted.copies is not None
    angles = [float(geodesic_degrees(copy.moving_to_fixed[:, :3], np.eye(3))) for copy in counted.copies.placed]
    assert min(angles) == angles[0] == pytest.approx(counted.angle_degrees)


def test_the_copies_are_the_first_candidates_and_in_the_file(counted: botalign.Alignment, tmp_path: Path) -> None:
    assert counted.copies is not None
    for number, copy in enumerate(counted.copies.placed):
        np.testing.assert_array_equal(counted.matrix(candidate=number), copy.moving_to_fixed)
    assert counted.places[:4] == (0, 1, 2, 3)
    counted.write(tmp_path / "r.json")
    read = botalign.Alignment.read(tmp_path / "r.json")
    assert read.to_json() == counted.to_json()
    assert read.copies is not None
    assert read.copies.title == "4 copies, D2"
    text = counted.to_text()
    assert "\ncopies       4 copies, D2\n" in text
    assert "certain, one of 4 places that fit equally well" in text
    assert "alternatives" not in text


@pytest.mark.slow
def test_those_that_fit_are_placed_if_more_are_wanted(ring: Ring) -> None:
    result = botalign.align(ring.whole, ring.part, resolution=10, copies=6, hand="keep", threads=1)
    assert result.copies is not None
    assert (len(result.copies.placed), result.copies.missing) == (4, 2)
    assert max(error for _, error in errors(result, ring)) < 0.5
    assert "4 copies, D2, 2 fewer than asked for" in result.to_text()


@pytest.mark.slow
def test_an_incomplete_set_has_no_group() -> None:
    ring = made("C4", distance=20.0, missing=1, seed=1)
    result = botalign.align(ring.whole, ring.part, resolution=10, copies=3, hand="keep", threads=2)
    assert sorted(number for number, _ in errors(result, ring)) == [0, 1, 2]
    assert result.copies is not None
    assert (result.copies.title, result.copies.symmetry, result.copies.missing) == ("3 copies", None, 0)


@pytest.mark.slow
def test_a_map_without_the_part_has_no_certain_copies(ring: Ring) -> None:
    other = made("D2", distance=22.0, seed=9)
    result = botalign.align(ring.whole, other.part, resolution=10, copies="auto", hand="keep", threads=2)
    assert result.verdict == "no match"
    assert result.copies is not None
    assert {copy.verdict for copy in result.copies.placed} == {"no match"}


@pytest.mark.parametrize("atoms", [12, 60])
def test_the_search_for_a_part_that_is_absent_is_not_repeated(
    ring: Ring, atoms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small parts correlate with many places; the map is not noisy, so its average shows no more."""
    searches = []

    def counted(*given: object, **options: object) -> object:
        searches.append(given)
        return part_places(*given, **options)  # type: ignore[arg-type]

    for module in ("copies", "copy_averaging"):
        monkeypatch.setattr(f"botalign.alignment.{module}.part_places", counted)
    points = np.random.default_rng(12).normal(size=(atoms, 3)) * [9.0, 6.0, 4.0]
    result = botalign.align(ring.whole, beads(points, 28), resolution=10, copies="auto", hand="keep", threads=2)
    assert len(searches) == 1
    assert result.copies is not None
    assert [copy.verdict for copy in result.copies.placed] == ["no match"]


def test_wrong_places_are_found_beside_all_copies(ring: Ring) -> None:
    """A search that keeps few results fits typical ones too, so that the copies do not use up the wrong places."""
    problem = AlignmentProblem.of(
        ring.whole, ring.part, botalign.AlignmentOptions(resolution=10, partial=True, hand="keep", threads=1)
    )
    counts = [
        len(exhaust(part_places(problem, Limits(coarse=29, second=29, copies=copies))).places) for copies in (1, 4)
    ]
    assert counts[1] > counts[0]


def test_equivalent_copies_count_once_in_the_limits_of_a_search(ring: Ring) -> None:
    group = Symmetry("D2", ring.group, np.array([0.0, 0.0, 1.0]))
    assert limits_for(100, group) == limits_for(25)
    assert limits_for(101, group) == limits_for(26) != limits_for(25)
    assert limits_for(4, group) == limits_for(1) == limits_for(20)


def test_copies_of_the_larger_molecule_are_refused(ring: Ring) -> None:
    with pytest.raises(
        botalign.InputError,
        match=r"model: copies of it cannot lie in model, .* is larger, by a factor of \d\S* in volume",
    ):
        botalign.align(ring.part, ring.whole, resolution=10, copies=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"copies": 0}, "copies: got 0, expected auto or a whole number from 1 to 500"),
        ({"copies": "many"}, "copies: got 'many', expected auto or a whole number"),
        ({"copies": 2.5}, "copies: got 2.5, expected auto or a whole number"),
        ({"copies": 2, "partial": False}, "partial=False cannot be combined with copies=2"),
        ({"copies": "auto", "loss": "l2"}, "loss='l2' cannot be combined with copies='auto'"),
        ({"copies": 2, "shift": False}, "shift=False cannot be combined with copies=2"),
        ({"copies": 2, "local_degrees": 5.0}, "local_degrees cannot be combined with copies=2"),
    ],
)
def test_contradictions_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(botalign.InputError) as caught:
        botalign.AlignmentOptions(**options)  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


def assert_forward(records: list[botalign.Progress]) -> None:
    """Check that the fraction that is done never decreases, and is 1 at the end."""
    done = [record.done / record.total for record in records]
    assert done == sorted(done)
    assert done[-1] == 1


def test_progress_never_goes_back(run: tuple[list[botalign.Progress], botalign.Alignment]) -> None:
    records, _ = run
    assert_forward(records)
    assert list(dict.fromkeys(record.stage for record in records)) == ["search", "refine", "refine together", "scores"]


def test_progress_does_not_go_back_when_a_search_is_repeated(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all places count as near, so that another search follows; the last one is in the average of the map."""
    monkeypatch.setattr("botalign.alignment.copies.EXPECTED", (1, 2))
    monkeypatch.setattr("botalign.alignment.copies.NEARLY", 0.0)
    monkeypatch.setattr("botalign.alignment.copies._most_in_average", lambda wanted, order: 500)
    monkeypatch.setattr("botalign.alignment.copies.noise_may_hide_copies", lambda problem, search: True)
    options = botalign.AlignmentOptions(resolution=10, copies="auto", hand="keep", threads=2)
    records = list(botalign.align_steps(ring.whole, ring.part, options))
    assert_forward(records)
    stages = [record.stage for record in records]
    begun = [now for before, now in zip(["", *stages], stages, strict=False) if now == "search" != before]
    assert len(begun) == 3


@pytest.mark.slow
def test_groel_has_fourteen_copies_of_its_chain(data_folder: Path) -> None:
    pytest.importorskip("gemmi", reason="gemmi is not installed (pip install gemmi)")
    whole = botalign.read(data_folder / "maps" / "emd_1080_groel_11.5A.mrc")
    chain = botalign.read_model(data_folder / "structures" / "1oel_A.pdb")
    result = botalign.align(whole, chain, resolution=11.5, copies="auto", hand="keep", threads=2)
    assert result.copies is not None
    assert result.copies.title == "14 copies, D7"
    assert result.verdict == "certain"
    own = botalign.orient(whole).symmetry
    assert own is not None
    assert result.copies.symmetry is not None
    for operation in result.copies.symmetry.symmetry.operations:
        assert geodesic_degrees(own.operations[:, :, :3], operation[:, :3]).min() < 0.5
