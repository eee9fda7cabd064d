r"""The dual potential of the wavelet earth mover's distance: where there is too much mass, and where too little."""

import warnings

import numpy as np
import pywt
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError
from botalign.transport.wavelets import MODE, check_scales, scale_weight, wavelet_named


def dual_potential(
    first: ArrayLike, second: ArrayLike, *, wavelet: str = "sym3", scales: int = 6, voxel_size: float = 1.0
) -> NDArray[np.float64]:
    r"""Dual potential of two images or maps on the same grid.

    The earth mover's distance is the largest :math:`\int f\,(\phi_1 - \phi_2)` that a function :math:`f` of slope at
    most 1 reaches (Kantorovich and Rubinstein). Its wavelet approximation has the :math:`f` with coefficients

    .. math:: f_\lambda = h\, 2^{s(1 + n/2)} \operatorname{sign}(p_\lambda), \qquad p = \mathcal W(\phi_1 - \phi_2)

    (Singer and Yang 2024, Section 6), with the conventions of :func:`botalign.wavelet_transform`. It rises in the
    direction in which mass must move to make the second array the first: it is high where the first has more mass, low
    where the second has.

    Parameters
    ----------
    first, second : array_like, shape (y, x) or (z, y, x)
        Values, taken as they are.
    wavelet, scales, voxel_size
        As for :func:`botalign.wavelet_transform`.

    Returns
    -------
    ndarray, shape of the arrays
        The potential, in the unit of `voxel_size`. Its sum over the voxels, weighted by ``first - second``, is
        :func:`botalign.wemd` of the two.

    Raises
    ------
    InputError
        If the shapes differ, and as :func:`botalign.wavelet_transform` does.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape:
        raise InputError(f"dual_potential: got arrays of shape {a.shape} and {b.shape}, expected the same shape.")
    check_scales(scales, a.ndim)
    kind = wavelet_named(wavelet)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Level value of")  # with zeros outside the box it stays correct
        coefficients = pywt.wavedecn(a - b, kind, mode=MODE, level=scales)
    signs = [np.zeros_like(coefficients[0])]
    for scale, details in zip(reversed(range(scales)), coefficients[1:], strict=True):
        weight = voxel_size * scale_weight(scale, a.ndim)
        signs.append({name: weight * np.sign(detail) for name, detail in details.items()})
    # The transposed transform, with which the pairing holds: the filters the other way round. For an orthogonal
    # wavelet this is its inverse, for a biorthogonal one it is not.
    low, high = kind.dec_lo, kind.dec_hi
    transposed = pywt.Wavelet(f"{wavelet}, transposed", filter_bank=(low, high, low[::-1], high[::-1]))
    values = pywt.waverecn(signs, transposed, mode=MODE)
    return np.ascontiguousarray(values[tuple(slice(side) for side in a.shape)])
