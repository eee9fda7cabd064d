"""The wavelet transform whose L1 distance is the wavelet earth mover's distance, by PyWavelets.

This is the reference implementation; :mod:`botalign.transport.transform` and :mod:`botalign.transport.wemd` are faster.
"""

import warnings

import numpy as np
import pywt
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting, counted

MODE = "zero"


def wavelet_named(name: str) -> pywt.Wavelet:
    """Return a discrete wavelet of PyWavelets.

    Raises
    ------
    InputError
        If PyWavelets has no discrete wavelet with this name.
    """
    try:
        return pywt.Wavelet(name)
    except (ValueError, TypeError):
        raise InputError(
            Setting("wavelet"),
            f": got {name!r}, expected a discrete wavelet of PyWavelets such as 'sym3', 'coif3' or 'db2'.",
        ) from None


def scale_weight(scale: int, dimensions: int) -> float:
    r"""Return the weight :math:`2^{s(1 + n/2)}` of scale :math:`s` (0 is the finest) in :math:`n` dimensions."""
    return float(2.0 ** (scale * (1 + dimensions / 2)))


def wavelet_transform(
    array: ArrayLike, *, wavelet: str = "sym3", scales: int = 6, voxel_size: float = 1.0, approximation: bool = False
) -> NDArray[np.float64]:
    r"""Return the weighted wavelet transform of an image or a map, whose L1 distances are WEMDs.

    .. math:: \|\phi_1 - \phi_2\|_\mathrm{WEMD}
              = h \sum_\lambda 2^{s(1 + n/2)} |\mathcal W\phi_1(\lambda) - \mathcal W\phi_2(\lambda)|

    This is the wavelet earth mover's distance of [1]_ in the form of eq. 14 of [2]_: the finest scale is
    :math:`s = 0`, only details count, samples outside the box are zero, :math:`n` is the number of dimensions and
    :math:`h` the voxel size.

    Parameters
    ----------
    array : array_like, shape (y, x) or (z, y, x)
        Image or map.
    wavelet : str, optional
        Discrete wavelet of PyWavelets.
    scales : int, optional
        Number of scales.
    voxel_size : float, optional
        Side of a voxel, which is the unit of the distances.
    approximation : bool, optional
        Whether to append the coarsest approximation, weighted by :math:`2^\mathrm{scales}`, as the code published with
        [2]_ does. Its eq. 14 does not.

    Returns
    -------
    ndarray, shape (coefficients,)
        Weighted coefficients, finest scale first.

    Raises
    ------
    InputError
        If the wavelet is unknown, `scales` is below 1, or the array is neither two- nor three-dimensional.

    See Also
    --------
    wemd : The distance between two images or maps.

    Notes
    -----
    The array is not normalised. The distance is proportional to `voxel_size` if both maps have mass 1. It depends
    somewhat on the position of the map relative to the grid, because the transform is not shift-invariant.

    References
    ----------
    .. [1] S. Shirdhonkar and D. W. Jacobs, "Approximate earth mover's distance in linear time", IEEE Conference on
       Computer Vision and Pattern Recognition (2008).
    .. [2] A. Singer and R. Yang, "Alignment of density maps in Wasserstein distance", Biological Imaging 4 (2024), e5.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign.transport
    >>> first, second = (botalign.phantom(24, seed=seed).data for seed in (0, 1))
    >>> first, second = first / first.sum(), second / second.sum()
    >>> transforms = [botalign.transport.wavelet_transform(array, scales=4) for array in (first, second)]
    >>> distance = np.abs(transforms[0] - transforms[1]).sum()
    >>> bool(np.isclose(distance, botalign.wemd(first, second, scales=4)))
    True
    """
    values = np.asarray(array, dtype=np.float64)
    check_scales(scales, values.ndim)
    kind = wavelet_named(wavelet)
    with warnings.catch_warnings():
        # PyWavelets warns about scales that are coarser than the array, which is correct with zero padding.
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
    """Refuse a number of scales or dimensions for which the wavelet earth mover's distance is not defined.

    Raises
    ------
    InputError
        If `scales` is below 1, or `dimensions` is neither 2 nor 3.
    """
    if scales < 1:
        raise InputError(Setting("scales"), f": got {scales}, expected at least 1.")
    if dimensions not in (2, 3):
        raise InputError(
            Setting("array"), f": got {counted(dimensions, 'dimension')}, expected an image (2) or a map (3)."
        )
