"""The dual potential of the wavelet earth mover's distance."""

import warnings

import numpy as np
import pywt
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError
from botalign.transport.wavelets import MODE, check_scales, scale_weight, wavelet_named


def dual_potential(
    first: ArrayLike, second: ArrayLike, *, wavelet: str = "sym3", scales: int = 6, voxel_size: float = 1.0
) -> NDArray[np.float64]:
    r"""Return the dual potential of two images or maps on the same grid.

    The earth mover's distance is the maximum of :math:`\int f\,(\phi_1 - \phi_2)` over functions :math:`f` whose slope
    is at most 1 (Kantorovich and Rubinstein). For its wavelet approximation, the maximum is reached by the function
    with the coefficients

    .. math:: f_\lambda = h\, 2^{s(1 + n/2)} \operatorname{sign}(p_\lambda), \qquad p = \mathcal W(\phi_1 - \phi_2)

    (Singer and Yang 2024, Section 6), with the conventions of :func:`botalign.transport.wavelet_transform`. It is high
    where the first array has more mass and low where the second has more: mass of the second must move up its slope to
    turn the second array into the first.

    Parameters
    ----------
    first, second : array_like, shape (y, x) or (z, y, x)
        Densities. They are not normalised.
    wavelet : str, optional
        Discrete wavelet of PyWavelets.
    scales : int, optional
        Number of scales.
    voxel_size : float, optional
        Side of a voxel, which is the unit of the result.

    Returns
    -------
    ndarray, shape of the arrays
        Potential. The sum of its products with ``first - second`` is :func:`botalign.wemd` of the two.

    Raises
    ------
    InputError
        If the shapes differ, or as :func:`botalign.transport.wavelet_transform` does.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape:
        raise InputError(f"dual_potential: got arrays of shape {a.shape} and {b.shape}, expected the same shape.")
    check_scales(scales, a.ndim)
    kind = wavelet_named(wavelet)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Level value of")  # does not matter with zero padding
        coefficients = pywt.wavedecn(a - b, kind, mode=MODE, level=scales)
    signs = [np.zeros_like(coefficients[0])]
    for scale, details in zip(reversed(range(scales)), coefficients[1:], strict=True):
        weight = voxel_size * scale_weight(scale, a.ndim)
        signs.append({name: weight * np.sign(detail) for name, detail in details.items()})
    # The transposed transform has the reversed filters. It is the inverse transform for orthogonal wavelets only.
    low, high = kind.dec_lo, kind.dec_hi
    transposed = pywt.Wavelet(f"{wavelet}, transposed", filter_bank=(low, high, low[::-1], high[::-1]))
    values = pywt.waverecn(signs, transposed, mode=MODE)
    return np.ascontiguousarray(values[tuple(slice(side) for side in a.shape)])
