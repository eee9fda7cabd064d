"""Projections of a map in any direction, clean or noisy: images such as a microscope takes, with known answers."""

from __future__ import annotations

from dataclasses import dataclass

import finufft
import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting
from botalign.geometry import random_rotations
from botalign.images.stack import ImageStack
from botalign.maps.density_map import DensityMap
from botalign.maps.expected import expect_map
from botalign.options import whole_number

#: Frequencies looked up at once: some 100 MB of them.
_POINTS = 2_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Projections:
    """Projections of a map.

    Attributes
    ----------
    stack : ImageStack
        The images.
    rotations : ndarray, shape (n, 3, 3)
        How the map was rotated before it was summed along z.
    noise_sigma : float
        Standard deviation of the noise; 0 if there is none.
    """

    stack: ImageStack
    rotations: NDArray[np.float64]
    noise_sigma: float

    def __repr__(self) -> str:
        """Return one line: the pixels are many."""
        noise = "no noise" if self.noise_sigma == 0 else f"noise of sigma {self.noise_sigma:.4g}"
        return f"<Projections {self.stack.summary}, {noise}>"

    @property
    def viewing_directions(self) -> NDArray[np.float64]:
        """Unit vectors, shape (n, 3), along which the map was seen: rotations up to a turn in the plane."""
        return np.asarray(self.rotations[:, 2])


def projections(
    density_map: DensityMap,
    rotations: int | ArrayLike,
    *,
    size: int | None = None,
    snr: float | None = None,
    seed: int = 0,
    about: str = "mass",
) -> Projections:
    r"""Project a map in random directions, or in given ones, with noise.

    The map is rotated and summed along z, :math:`(T_R\rho)(x, y) = \int (R\rho)(x, y, z)\,dz` (eq. 1 of Rao et al.
    2020): by the projection-slice theorem, its Fourier transform at rotated frequencies, by finufft, and so without
    interpolation error. Noise is white, with the variance that gives the whole set the ratio of eq. 10,

    .. math:: \mathrm{SNR} = \|D\|^2 / (n N^2 \sigma^2)

    for n clean images D of N x N pixels.

    Parameters
    ----------
    density_map : DensityMap
        The map. Its box should be empty near its faces: what is turned out of it comes in on the other side.
    rotations : int or array_like, shape (n, 3, 3)
        How many rotations to draw, uniformly; or the rotations of ``(x, y, z)``.
    size : int, optional
        Pixels a side of the images; as many as the longest side of the map if not given. They show the same field.
    snr : float, optional
        Signal-to-noise ratio; no noise if not given.
    seed : int, optional
        Chooses rotations and noise.
    about : {"mass", "box"}, optional
        What is put in the middle of the images: the centre of mass, or that of the box.

    Returns
    -------
    Projections

    Raises
    ------
    InputError
        If `density_map` is no map, its voxels are no cubes, or an argument is out of range.
    """
    expect_map(density_map, "density_map")
    voxels = density_map.grid.voxel_size_angstrom
    if max(voxels) - min(voxels) > 1e-3 * max(voxels):
        raise InputError(f"{density_map.name}: got voxels of {voxels} A, expected cubes; resample it first.")
    if about not in ("mass", "box"):
        raise InputError(Setting("about"), f": got {about!r}, expected 'mass' or 'box'.")
    if snr is not None and not 0 < snr < np.inf:
        raise InputError(Setting("snr"), f": got {snr}, expected a positive ratio.")
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    if isinstance(rotations, int | np.integer):
        if rotations < 1:
            raise InputError(Setting("rotations"), f": got {rotations}, expected 1 or more.")
        matrices = random_rotations(int(rotations), rng)
    else:
        matrices = np.asarray(rotations, dtype=np.float64)
        if matrices.ndim != 3 or matrices.shape[1:] != (3, 3) or not len(matrices):
            raise InputError(Setting("rotations"), f": got shape {matrices.shape}, expected (n, 3, 3).")
    values = density_map.data.astype(np.complex128)
    middle = (np.array(values.shape[::-1]) - 1) / 2
    if about == "mass":
        middle = _centre_of_mass(density_map)
    side = max(values.shape)
    size = side if size is None else size
    if size < 8:
        raise InputError(Setting("size"), f": got {size} pixels, expected 8 or more.")
    images = _summed(values, matrices, middle, side, size)
    sigma = 0.0
    if snr is not None:
        sigma = float(np.sqrt(np.square(images, dtype=np.float64).mean() / snr))
        for image in images:
            image += np.float32(sigma) * rng.standard_normal(image.shape, dtype=np.float32)
    pixel = float(voxels[0]) * side / size
    return Projections(ImageStack(images, (pixel, pixel), f"projections of {density_map.name}"), matrices, sigma)


def _centre_of_mass(density_map: DensityMap) -> NDArray[np.float64]:
    """Return the index ``(x, y, z)`` of the centre of mass of what is positive."""
    positive = np.maximum(density_map.data, 0).astype(np.float64)
    if not positive.any():
        raise InputError(f"{density_map.name}: has no positive density, so no centre of mass; use about='box'.")
    sums = [positive.sum(axis=axes) for axes in ((0, 1), (0, 2), (1, 2))]
    return np.array([float(each @ np.arange(len(each)) / each.sum()) for each in sums])


def _summed(
    values: NDArray[np.complex128],
    rotations: NDArray[np.float64],
    middle: NDArray[np.float64],
    side: int,
    size: int,
) -> NDArray[np.float32]:
    """Project a map about a point of it, to images whose pixels are ``side / size`` voxels."""
    k = np.fft.fftfreq(size, 1 / size)
    ky, kx = np.meshgrid(k, k, indexing="ij")
    inside = kx**2 + ky**2 < (min(side, size) / 2) ** 2
    # Half of them: the transform of real images is Hermitian.
    inside &= (kx > 0) | ((kx == 0) & (ky >= 0))
    plane = np.stack([kx[inside], ky[inside]])
    # finufft counts voxels from n // 2, the rotation is about the middle, and the images' about (size - 1) / 2.
    from_middle = np.array(values.shape[::-1]) // 2 - middle
    centred = np.exp(-2j * np.pi / size * ((size - 1) / 2) * plane.sum(axis=0))
    out = np.empty((len(rotations), size, size), dtype=np.float32)
    batch = max(1, _POINTS // plane.shape[1])
    scale = (side / size) ** 2
    for start in range(0, len(rotations), batch):
        some = rotations[start : start + batch]
        # R^T (kx, ky, 0): the rotated map's frequency is looked up in the map as it is.
        points = (2 * np.pi / side) * np.einsum("nji,jm->nim", some[:, :2], plane)
        flat = [np.ascontiguousarray(points[:, axis].ravel()) for axis in (2, 1, 0)]
        found = finufft.nufft3d2(*flat, values, isign=-1, eps=1e-6, nthreads=1).reshape(len(some), -1)
        found *= np.exp(-1j * np.einsum("nim,i->nm", points, from_middle)) * centred
        spectrum = np.zeros((len(some), size, size), dtype=np.complex128)
        spectrum[:, inside] = found
        # Twice the real part makes up for the half left out, but for the mean, which is its own mirror image.
        spectrum[:, 0, 0] /= 2
        out[start : start + batch] = 2 * np.fft.ifft2(spectrum).real / scale
    return out
