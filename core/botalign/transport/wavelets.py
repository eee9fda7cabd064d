r"""The wavelet transform: its L1 norm is the wavelet earth mover's distance.

Written by way of :func:`pywt.wavedecn`, plainly. :mod:`botalign.transport.wemd` computes the same distance faster and
is tested against this module.
"""

import warnings

import numpy as np
import pywt
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting

MODE = "zero"


def wavelet_named(name: str) -> pywt.Wavelet:
    """Return a discrete wavelet of PyWavelets, or say which there are.

    Raises
    ------
    InputError
        If PyWavelets has no discrete wavelet of that name.
    """
    try:
        return pywt.Wavelet(name)
    except (ValueError, TypeError):
        raise InputError(
            Setting("wavelet"),
            f": got {name!r}, expected a discrete wavelet of PyWavelets such as 'sym3', 'coif3' or 'db2'.",
        ) from None


def scale_weight(scale: int, dimensions: int) -> float:
    r"""Weight :math:`2^{s(1 + n/2)}` of scale `scale` (0 the finest) in `dimensions` dimensions (eq. 14)."""
    return float(2.0 ** (scale * (1 + dimensions / 2)))


def wavelet_transform(
    array: ArrayLike, *, wavelet: str = "sym3", scales: int = 6, voxel_size: float = 1.0, approximation: bool = False
) -> NDArray[np.float64]:
    r"""Embed an image or a map so that L1 distances are wavelet earth mover's distances.

    .. math:: \|\phi_1 - \phi_2\|_\mathrm{WEMD}
              = h \sum_\lambda 2^{s(1 + n/2)} |\mathcal W\phi_1(\lambda) - \mathcal W\phi_2(\lambda)|

    Equation 14 of Singer and Yang (2024) after Shirdhonkar and Jacobs (2008), with the finest scale numbered
    :math:`s = 0`, details only, samples outside the box zero, and the voxel size :math:`h`. The array is taken as it
    is: scale its mass to 1 beforehand to get a distance in the unit of `voxel_size`.

    Parameters
    ----------
    array : array_like, shape (y, x) or (z, y, x)
        Values.
    wavelet : str, optional
        Any discrete wavelet of PyWavelets.
    scales : int, optional
        How many scales.
    voxel_size : float, optional
        Side of a voxel, the unit of the result.
    approximation : bool, optional
        Also append the coarsest approximation, weighted :math:`2^\mathrm{scales}`, as the code published with the paper
        does. Its eq. 14 does not, and the default is eq. 14.

    Returns
    -------
    ndarray, shape (coefficients,)
        The weighted coefficients, finest scale first.

    Raises
    ------
    InputError
        If the wavelet is unknown, `scales` is below 1, or the array is neither two- nor three-dimensional.
    """
    values = np.asarray(array, dtype=np.float64)
    check_scales(scales, values.ndim)
    kind = wavelet_named(wavelet)
    with warnings.catch_warnings():
        # PyWavelets warns when a level is deeper than the array is long; with zeros outside the box it stays correct.
        warnings.filterwarnings("ignore", message="Level value of")
        coefficients = pywt.wavedecn(values, kind, mode=MODE, level=scales)
    parts = [
        detail.ravel() * (voxel_size * scale_weight(scale, values.ndim))
        for scale, details in enumerate(reversed(coefficients[1:]))
        for detail in details.values()
    ]
    if approximation:
        parts.append(coefficients[0].ravel() * (voxel_size * 2.0**scales))
    return np.concatenate(parts)


def check_scales(scales: int, dimensions: int) -> None:
    """Refuse what has no wavelet earth mover's distance.

    Raises
    ------
    InputError
        If `scales` is below 1, or `dimensions` is neither 2 nor 3.
    """
    if scales < 1:
        raise InputError(Setting("scales"), f": got {scales}, expected at least 1 scale.")
    if dimensions not in (2, 3):
        raise InputError(Setting("array"), f": got {dimensions} dimensions, expected an image (2) or a map (3).")
