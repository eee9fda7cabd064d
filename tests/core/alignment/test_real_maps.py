"""The promised accuracy, on real maps."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from botalign import DensityMap, Grid, MapWarning, align, read, resample
from botalign.geometry import geodesic_degrees, random_rotations, transform_about
from botalign.maps.fourier import rotate_fourier

Measure = Callable[..., tuple[float, float]]
pytestmark = pytest.mark.slow
NAMES = ["emd_1883.map", "emd_1439.map", "clean70S_65.mrc"]


@pytest.fixture(scope="module", params=NAMES)
def real(request: pytest.FixtureRequest, data_folder: Path) -> DensityMap:
    """A real map in a box a quarter larger, so that no pose of it is cut."""
    path = data_folder / "maps" / request.param
    if not path.exists():
        pytest.skip(f"no {path}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MapWarning)  # one of them has no voxel size in its header
        found = read(path)
    side = found.data.shape[0]
    margin = -(-side // 8)
    voxel = found.grid.voxel_size_angstrom[0]
    grid = Grid.cube(side + 2 * margin, voxel, np.zeros(3))
    edge = float(np.median(found.data[0]))
    return DensityMap(np.pad(found.data, margin, constant_values=edge), grid, found.name)


def posed(still: DensityMap, seed: int, *, mirror: bool) -> tuple[DensityMap, np.ndarray]:
    """The map in a random pose, exactly rotated, shifted by up to 5%, and the transform of that pose."""
    rng = np.random.default_rng((3, seed))
    linear = random_rotations(1, rng)[0] @ np.diag([1.0, 1.0, -1.0 if mirror else 1.0])
    shift = rng.uniform(-0.05, 0.05, 3) * len(still.data) / 1.25
    centre, voxel = still.grid.centre_angstrom, still.grid.voxel_size_angstrom[0]
    data = rotate_fourier(still.data, linear, shift_voxels=shift)
    return DensityMap(data, still.grid, "posed"), transform_about(linear, centre, centre + voxel * shift)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_random_pose_is_found(real: DensityMap, seed: int, misfit: Measure) -> None:
    moving, there = posed(real, seed, mirror=False)
    found = align(real, moving, seed=seed)
    degrees, voxels = misfit(found, there, real.grid.centre_angstrom, real.grid.voxel_size_angstrom[0])
    assert degrees < 0.1
    assert voxels < 0.1
    assert found.hand.decision == "as given"


def test_a_mirror_image_is_called_mirrored(real: DensityMap, misfit: Measure) -> None:
    moving, there = posed(real, 2, mirror=True)
    found = align(real, moving, hand="auto")
    assert found.hand.decision == "mirrored"
    assert found.mirrored
    degrees, voxels = misfit(found, there, real.grid.centre_angstrom, real.grid.voxel_size_angstrom[0])
    assert degrees < 0.1
    assert voxels < 0.1


def superposition(path: Path) -> np.ndarray:
    """The transform in the output of MM-align: from the coordinates of the first structure to the second."""
    rows = [line.split() for line in path.read_text().splitlines()[2:5]]
    return np.array([[*map(float, row[2:5]), float(row[1])] for row in rows])


@pytest.mark.parametrize(("first", "second"), [("3342", "3340"), ("6206", "6208")])
@pytest.mark.parametrize("seed", [0, 1])
def test_two_conformations_are_superimposed_as_their_models_are(
    first: str, second: str, seed: int, data_folder: Path
) -> None:
    folder = data_folder / "pairs" / f"emd_{first}_emd_{second}"
    if not folder.exists():
        pytest.skip(f"no {folder}")
    fixed, moving = (read(folder / f"emd_{name}_sampled5A.mrc") for name in (second, first))
    expected = superposition(folder / f"{first}_{second}_mmalign.txt")
    rotation = random_rotations(1, np.random.default_rng((7, seed)))[0]
    centre = moving.grid.centre_angstrom
    there = transform_about(rotation, centre, centre)
    posed = resample(moving, there, Grid.cube(int(1.5 * max(moving.grid.shape)), 5.0, centre))
    found = align(fixed, posed, loss="core", hand="keep")
    assert found.verdict == "certain"
    # The superposition of the models is itself good to a degree or two.
    assert float(geodesic_degrees(found.rotation @ rotation, expected[:, :3])) < 4
