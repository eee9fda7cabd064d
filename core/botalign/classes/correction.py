r"""Class averages corrected for the amplitudes of the contrast transfer function.

Members of a class show the average, rotated and multiplied by their CTF, and noise. With phases flipped, their mean has
the amplitudes of the mean absolute CTF. The estimate with the least squared error is, at each frequency,

.. math:: A = \sum_i c_i X_i \Big/ \Big(\sum_i c_i^2 + \frac{\sigma^2}{S}\Big)

with the images :math:`X_i`, rotated back, and their CTF :math:`c_i`. The powers of the noise :math:`\sigma^2` and of
the signal :math:`S` in each shell follow from those of single images and of the sums over classes: signal adds up,
noise does not. Shells without signal are zero. The squared CTF is averaged over directions, because members of a class
are rotated.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from scipy import fft

from botalign.arrays import Counts, Matrix, Volume
from botalign.classes.frame import Frame
from botalign.classes.posing import disc_spans, image_splines, in_poses
from botalign.classes.units import PIXELS, units
from botalign.images.ctf import ctf_values
from botalign.images.particles import CtfParameters
from botalign.progress import Progress

#: Width of the edge of the disc of a corrected average, as a fraction of its radius.
EDGE = 0.1


def corrected_steps(
    frame: Frame, images: Volume, chosen: Counts, classes: int, parameters: CtfParameters, pixel_size_angstrom: float
) -> Generator[Progress, None, Volume]:
    """Compute class averages that are corrected for the CTF.

    Parameters
    ----------
    frame : Frame
        Metric, poses and disc.
    images : ndarray of float32, shape (n, side, side)
        Images with flipped phases, or multiplied by their CTF.
    chosen : ndarray of int64, shape (n,)
        Class and pose of each image.
    classes : int
        Number of classes.
    parameters : CtfParameters
        Parameters of the CTF.
    pixel_size_angstrom : float
        Side of a pixel of `images`.

    Yields
    ------
    Progress
        After each unit of images.

    Returns
    -------
    ndarray of float32, shape (classes, side, side)
        Averages with zero background; zero for an empty class.
    """
    side, spans, shells = frame.side, disc_spans(frame.side, frame.radius), shell_numbers(frame.side)
    labels, poses = np.divmod(chosen, len(frame.poses))
    push, sizes = frame.poses.push(poses), np.bincount(labels, minlength=classes)
    sums, squares = np.zeros((classes, side, side)), np.zeros((classes, shells.max() + 1))
    power, fourth = np.zeros((2, shells.max() + 1))
    for unit in units(len(images), side * side, PIXELS):
        which = np.arange(len(images))[unit]
        ctf = ctf_values(parameters, which, side=side, pixel_size_angstrom=pixel_size_angstrom)
        weights = np.where(parameters.premultiplied[which][:, None, None], 1.0, np.abs(ctf))
        spectra = (weights * fft.rfft2(images[unit], workers=1)).astype(np.complex64)
        power += by_shell(np.abs(spectra) ** 2, shells).sum(axis=0)
        fourth += by_shell(ctf**4, shells).sum(axis=0)
        np.add.at(squares, labels[which], by_shell(ctf**2, shells))
        splines = image_splines(fft.irfft2(spectra, s=(side, side), workers=1))
        for spline, i in zip(splines, which.tolist(), strict=True):
            sums[labels[i]] += in_poses(spline, push[i : i + 1], spans)[0]
        yield Progress("", int(which[-1]) + 1, len(images))
    of_sums = fft.rfft2(sums)
    divisor = squares + _noise_to_signal(of_sums, sizes, power, squares.sum(axis=0), fourth, shells)
    inverse = np.divide(1, divisor, out=np.zeros_like(divisor), where=divisor > 0)  # zero if infinite
    averages = fft.irfft2(of_sums * inverse[:, shells], s=(side, side)).astype(np.float32)
    averages = soft_edged(averages, frame.radius)
    averages[sizes == 0] = 0
    return averages


def soft_edged(averages: Volume, radius: float) -> Volume:
    """Return averages inside a disc with a soft edge, where their mean is zero."""
    edge = _edge(averages.shape[1], radius)
    level = (averages * (edge * (1 - edge))).sum(axis=(1, 2), keepdims=True) / (edge * (1 - edge)).sum()
    return np.asarray((averages - level) * edge, dtype=np.float32)


def _noise_to_signal(
    sums: np.ndarray, sizes: Counts, power: Matrix, squares: Matrix, fourth: Matrix, shells: Counts
) -> Matrix:
    """Return the power of the noise divided by that of the signal in each shell, infinite without signal."""
    n, several = sizes.sum(), sizes > 1
    # Per image: the power of filtered images, and the mean square and fourth power of their CTF.
    power, squares, fourth = power / n, squares / n, fourth / n
    pairs = float((sizes[several] * (sizes[several] - 1)).sum())
    if not pairs:
        return np.full(len(power), np.inf)
    of_sums = by_shell(np.abs(sums[several]) ** 2, shells).sum(axis=0)
    # The power of a sum of m images is m times that of one, and m (m - 1) times the signal that they share.
    signal = (of_sums - sizes[several].sum() * power) / (pairs * squares**2)
    noise = (power - fourth * signal) / squares
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(signal > 0, np.maximum(noise, 0) / signal, np.inf)


def shell_numbers(side: int) -> Counts:
    """Return the number of the shell of each frequency of a half spectrum."""
    x, y = np.fft.rfftfreq(side, 1 / side), np.fft.fftfreq(side, 1 / side)[:, None]
    return np.asarray(np.minimum(np.rint(np.hypot(x, y)), side // 2), dtype=np.int64)


def by_shell(values: np.ndarray, shells: Counts) -> Matrix:
    """Return the mean over each shell, shape (n, shells)."""
    counts = np.bincount(shells.ravel())
    return np.array([np.bincount(shells.ravel(), weights=each.ravel()) / counts for each in values])


def _edge(side: int, radius: float) -> Volume:
    """Return a disc with an edge that falls from 1 to 0 along a cosine: a sharp edge would have high frequencies."""
    offset = np.arange(side) - (side - 1) / 2
    distance = radius - np.hypot(offset, offset[:, None])
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(distance / (EDGE * radius), 0, 1)), dtype=np.float32)
