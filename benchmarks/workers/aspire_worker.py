"""ASPIRE's ``align_BO``: the reference implementation of Singer and Yang 2024."""

import numpy as np
from aspire.utils.bot_align import align_BO
from aspire.volume import Volume
from job import Clock, Parameters, run


def centre_of_mass(volume: np.ndarray) -> np.ndarray:
    positive = np.clip(volume, 0.0, None).astype(np.float64)
    positions = np.indices(volume.shape).reshape(3, -1)[::-1]
    return positions @ positive.ravel() / positive.sum()


def centred(volume: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Shift a map so that ``centre`` is at voxel n // 2, about which ASPIRE rotates."""
    size = volume.shape[0]
    x, y, z = size // 2 - centre
    k = np.fft.fftfreq(size)
    phase = np.exp(-2j * np.pi * (k[:, None, None] * z + k[None, :, None] * y + k[None, None, :] * x))
    return np.real(np.fft.ifftn(np.fft.fftn(volume) * phase))


def align(fixed: np.ndarray, moving: np.ndarray, parameters: Parameters, clock: Clock) -> np.ndarray:
    size = parameters["size"]
    centres = parameters["centres"]
    centres = (centre_of_mass(fixed), centre_of_mass(moving)) if centres is None else np.array(centres)
    # align_BO searches rotations alone, so both maps are centred, as in the paper. The paper divides a downsampled map
    # by its sum, and the absolute stopping rules rely on it; ASPIRE does not, so it is done here.
    scale = (fixed.shape[0] / size) ** 3 / parameters.get("mass", fixed.sum(dtype=np.float64))
    volumes = [
        Volume((scale * centred(volume, centre)).astype(np.float32))
        for volume, centre in zip((fixed, moving), centres, strict=True)
    ]
    with clock:
        _, rotation = align_BO(
            *volumes,
            downsampled_size=size,
            refinement_downsampled_size=min(size, 32),
            max_iters=parameters["evaluations"],
            seed=parameters["seed"],
        )
    # Volume.rotate(R) has the density of x at R x, coordinates (x, y, z): this is moving to fixed.
    rotation = np.asarray(rotation, dtype=np.float64)
    return np.column_stack([rotation, centres[0] - rotation @ centres[1]])


if __name__ == "__main__":
    run(align, warm_up={"evaluations": 4}, distributions=["aspire", "finufft", "pymanopt", "scipy"])
