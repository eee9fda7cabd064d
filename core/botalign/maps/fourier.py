"""Exact rotation and cropping in Fourier space: slow, and the reference for the fast rotation."""

import finufft
import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting


def rotate_fourier(
    data: ArrayLike, rotation: ArrayLike, *, shift_voxels: ArrayLike = (0.0, 0.0, 0.0), precision: float = 1e-6
) -> NDArray[np.float32]:
    r"""Rotate a cubic map about its centre, then shift it, without interpolation error.

    The Fourier transform of the map is evaluated at the rotated frequencies,
    :math:`\hat V'(k) = \hat V(R^T k)\, e^{-2\pi i k \cdot s / n}`, and transformed back (Singer and Yang 2024, Section
    4.1). Frequencies outside the ball that the grid resolves in all directions are left out. The box is periodic, so
    the map needs an empty margin.

    Parameters
    ----------
    data : array_like, shape (n, n, n)
        Map, ``[z, y, x]``.
    rotation : array_like, shape (3, 3)
        Rotation ``R`` of ``(x, y, z)``, or an orthogonal matrix with determinant -1. The centre is at index
        ``(n - 1) / 2``.
    shift_voxels : array_like, shape (3,), optional
        Shift ``(x, y, z)``, applied after the rotation.
    precision : float, optional
        Relative precision of finufft.

    Returns
    -------
    ndarray of float32, shape (n, n, n)
        The rotated map.

    Raises
    ------
    InputError
        If the map is not a cube.
    """
    values = np.ascontiguousarray(data, dtype=np.complex128)
    n = values.shape[0]
    if values.shape != (n, n, n):
        raise InputError(Setting("data"), f": got an array of shape {values.shape}, expected a cube; pad it first.")
    R = np.asarray(rotation, dtype=np.float64)
    k = np.fft.fftfreq(n, 1 / n)
    kz, ky, kx = np.meshgrid(k, k, k, indexing="ij")
    inside = kx**2 + ky**2 + kz**2 < (n / 2) ** 2
    frequencies = np.stack([kx[inside], ky[inside], kz[inside]])
    rotated = (2 * np.pi / n) * (R.T @ frequencies)
    # The axes of `values` are z, y, x, so the first coordinate of finufft is z.
    transform = finufft.nufft3d2(*np.ascontiguousarray(rotated[::-1]), values, isign=-1, eps=precision, nthreads=1)
    centre = (n - 1) / 2
    # finufft counts samples from n // 2, the rotation is about (n - 1) / 2, and the inverse FFT counts from 0.
    transform = transform * np.exp(-1j * (n // 2 - centre) * rotated.sum(axis=0))
    shift = np.asarray(shift_voxels, dtype=np.float64)
    transform *= np.exp(-2j * np.pi / n * (frequencies * (centre + shift)[:, None]).sum(axis=0))
    spectrum = np.zeros((n, n, n), dtype=np.complex128)
    spectrum[inside] = transform
    return np.asarray(np.fft.ifftn(spectrum).real, dtype=np.float32)


def fourier_crop(data: ArrayLike, side: int) -> NDArray[np.float32]:
    """Resample a cubic map with fewer voxels by leaving out the frequencies above their Nyquist frequency.

    Parameters
    ----------
    data : array_like, shape (n, n, n)
        Map.
    side : int
        Side of the result in voxels, at most `n`. Both boxes have the same size and the same centre, if a voxel counts
        as a cell.

    Returns
    -------
    ndarray of float32, shape (side, side, side)
        The map, with densities on the same scale.

    Raises
    ------
    InputError
        If the map is not a cube, or smaller than `side`.
    """
    values = np.asarray(data, dtype=np.float64)
    n = values.shape[0]
    if values.shape != (n, n, n) or side > n:
        raise InputError(
            Setting("data"),
            f": got an array of shape {values.shape}, expected a cube of at least {side} voxels per side.",
        )
    keep = np.flatnonzero(np.abs(np.fft.fftfreq(n, 1 / n)) < side / 2)
    frequency = np.fft.fftfreq(n, 1 / n)[keep]
    # A voxel is a cell: the centre of the box is at index (n - 1) / 2 before, and at (side - 1) / 2 after.
    phase = np.exp(2j * np.pi * frequency * ((n - 1) / (2 * n) - (side - 1) / (2 * side)))
    spectrum = np.fft.fftn(values)[np.ix_(keep, keep, keep)] * (
        phase[:, None, None] * phase[None, :, None] * phase[None, None, :]
    )
    cropped = np.zeros((side, side, side), dtype=np.complex128)
    cropped[np.ix_(*[frequency.astype(int) % side] * 3)] = spectrum
    return np.asarray(np.fft.ifftn(cropped).real * (side / n) ** 3, dtype=np.float32)
