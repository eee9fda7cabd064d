"""Projection images of a map, with known rotations and noise."""

from __future__ import annotations

from dataclasses import dataclass

import finufft
import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting
from botalign.geometry import random_rotations
from botalign.images.stack import ImageStack
from botalign.maps.density_map import DensityMap, expect_map
from botalign.options import whole_number

#: Frequencies that are evaluated at once; they need about 100 MB.
_POINTS = 2_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Projections:
    """Projection images of a map.

    Attributes
    ----------
    stack : ImageStack
        Images.
    rotations : ndarray, shape (n, 3, 3)
        Rotations that were applied to the map before the projection along z.
    noise_sigma : float
        Standard deviation of the noise; 0 without noise.

    See Also
    --------
    projections : Project a map.
    """

    stack: ImageStack
    rotations: NDArray[np.float64]
    noise_sigma: float

    def __repr__(self) -> str:
        """Return one line without the pixels."""
        noise = "no noise" if self.noise_sigma == 0 else f"noise of sigma {self.noise_sigma:.4g}"
        return f"<Projections {self.stack.summary}, {noise}>"

    @property
    def viewing_directions(self) -> NDArray[np.float64]:
        """Viewing directions as unit vectors ``(x, y, z)`` in the coordinates of the map, shape (n, 3)."""
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
    r"""Project a map in random or given directions, with or without noise.

    The map is rotated and integrated along z, :math:`(T_R\rho)(x, y) = \int (R\rho)(x, y, z)\,dz` (eq. 1 of [1]_). By
    the projection-slice theorem this is the Fourier transform of the map on a plane; it is evaluated by a non-uniform
    Fourier transform, without interpolation error. The noise is white. For `n` images :math:`D` of :math:`N \times N`
    pixels, its variance :math:`\sigma^2` gives the signal-to-noise ratio (eq. 10 of [1]_)

    .. math:: \mathrm{SNR} = \|D\|^2 / (n N^2 \sigma^2) .

    Parameters
    ----------
    density_map : DensityMap
        Map with cubic voxels.
    rotations : int or array_like, shape (n, 3, 3)
        Number of rotations to draw uniformly, or the rotations of ``(x, y, z)``.
    size : int, optional
        Side of the images in pixels; by default the longest side of the map in voxels. The field of view does not
        depend on it.
    snr : float, optional
        Signal-to-noise ratio; by default no noise is added.
    seed : int, optional
        Seed of the rotations and of the noise.
    about : {"mass", "box"}, optional
        Point at the centre of the images: the centre of mass, or the centre of the box.

    Returns
    -------
    botalign.simulation.Projections
        The images, the rotations, and the standard deviation of the noise.

    Raises
    ------
    InputError
        If `density_map` is not a map, its voxels are not cubic, or an argument is out of range.

    Notes
    -----
    The transform is periodic: density near the faces of the box that a rotation moves out of the box enters on the
    other side. The images have no contrast transfer function.

    References
    ----------
    .. [1] R. Rao, A. Moscovich and A. Singer, "Wasserstein k-means for clustering tomographic projections" (2020),
       arXiv:2010.09989.

    Examples
    --------
    >>> import botalign
    >>> density_map = botalign.phantom(24, voxel_size_angstrom=5.0)
    >>> botalign.projections(density_map, 10, seed=1)
    <Projections projections of phantom 0: 10 images of 24 x 24 pixels of 5 A, no noise>
    """
    expect_map(density_map, "density_map")
    voxels = density_map.grid.voxel_size_angstrom
    if max(voxels) - min(voxels) > 1e-3 * max(voxels):
        raise InputError(f"{density_map.name}: got voxels of {voxels} A, expected cubic voxels; resample the map.")
    if about not in ("mass", "box"):
        raise InputError(Setting("about"), f": got {about!r}, expected 'mass' or 'box'.")
    if snr is not None and not 0 < snr < np.inf:
        raise InputError(Setting("snr"), f": got {snr}, expected a positive ratio, or None for no noise.")
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    if isinstance(rotations, int | np.integer):
        if rotations < 1:
            raise InputError(Setting("rotations"), f": got {rotations}, expected at least 1.")
        matrices = random_rotations(int(rotations), rng)
    else:
        matrices = np.asarray(rotations, dtype=np.float64)
        if matrices.ndim != 3 or matrices.shape[1:] != (3, 3) or not len(matrices):
            raise InputError(Setting("rotations"), f": got an array of shape {matrices.shape}, expected (n, 3, 3).")
    values = density_map.data.astype(np.complex128)
    middle = (np.array(values.shape[::-1]) - 1) / 2
    if about == "mass":
        middle = _centre_of_mass(density_map)
    side = max(values.shape)
    size = side if size is None else size
    if size < 8:
        raise InputError(Setting("size"), f": got {size} pixels, expected at least 8.")
    images = _project(values, matrices, middle, side, size)
    sigma = 0.0
    if snr is not None:
        sigma = float(np.sqrt(np.square(images, dtype=np.float64).mean() / snr))
        for image in images:
            image += np.float32(sigma) * rng.standard_normal(image.shape, dtype=np.float32)
    pixel = float(voxels[0]) * side / size
    return Projections(ImageStack(images, (pixel, pixel), f"projections of {density_map.name}"), matrices, sigma)


def _centre_of_mass(density_map: DensityMap) -> NDArray[np.float64]:
    """Return the index ``(x, y, z)`` of the centre of mass of the positive densities."""
    positive = np.maximum(density_map.data, 0).astype(np.float64)
    if not positive.any():
        raise InputError(
            f"{density_map.name}: no positive density, and so no centre of mass; use ", Setting("about", "box"), "."
        )
    sums = [positive.sum(axis=axes) for axes in ((0, 1), (0, 2), (1, 2))]
    return np.array([float(each @ np.arange(len(each)) / each.sum()) for each in sums])


def _project(
    values: NDArray[np.complex128],
    rotations: NDArray[np.float64],
    middle: NDArray[np.float64],
    side: int,
    size: int,
) -> NDArray[np.float32]:
    """Project a map rotated about a point, given as an index, onto images with pixels of ``side / size`` voxels."""
    k = np.fft.fftfreq(size, 1 / size)
    ky, kx = np.meshgrid(k, k, indexing="ij")
    inside = kx**2 + ky**2 < (min(side, size) / 2) ** 2
    # Half of the frequencies are enough, because the transform of a real image is Hermitian.
    inside &= (kx > 0) | ((kx == 0) & (ky >= 0))
    plane = np.stack([kx[inside], ky[inside]])
    # finufft counts voxels from n // 2; the rotation is about `middle`, which must be at (size - 1) / 2 in the images.
    from_middle = np.array(values.shape[::-1]) // 2 - middle
    centred = np.exp(-2j * np.pi / size * ((size - 1) / 2) * plane.sum(axis=0))
    out = np.empty((len(rotations), size, size), dtype=np.float32)
    batch = max(1, _POINTS // plane.shape[1])
    scale = (side / size) ** 2
    for start in range(0, len(rotations), batch):
        some = rotations[start : start + batch]
        # The frequency (kx, ky, 0) of the rotated map is the frequency R^T (kx, ky, 0) of the map.
        points = (2 * np.pi / side) * np.einsum("nji,jm->nim", some[:, :2], plane)
        flat = [np.ascontiguousarray(points[:, axis].ravel()) for axis in (2, 1, 0)]
        slices = finufft.nufft3d2(*flat, values, isign=-1, eps=1e-6, nthreads=1).reshape(len(some), -1)
        slices *= np.exp(-1j * np.einsum("nim,i->nm", points, from_middle)) * centred
        spectrum = np.zeros((len(some), size, size), dtype=np.complex128)
        spectrum[:, inside] = slices
        # Twice the real part adds the other half of the frequencies; the zero frequency has no other half.
        spectrum[:, 0, 0] /= 2
        out[start : start + batch] = 2 * np.fft.ifft2(spectrum).real / scale
    return out
