"""Estimated resolution of class averages, from the Fourier ring correlation of two halves of each class.

The images of a class are divided into two halves in the order of the list, and each half is averaged. The resolution is
where the correlation of the two falls below 0.5. Both halves were aligned to the same average, so that noise correlates
too if there are few images. Hence not the lower threshold for independent halves.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from scipy import fft

from botalign.arrays import Counts, Matrix, Volume
from botalign.classes.averaging import average_steps
from botalign.classes.correction import by_shell, shell_numbers, soft_edged
from botalign.classes.frame import Frame
from botalign.progress import Progress
from botalign.scores import ShellCorrelation

_THRESHOLD = 0.5


def resolution_steps(
    frame: Frame, splines: Volume, chosen: Counts, classes: int, pixel_size_angstrom: float, *, threads: int = 1
) -> Generator[Progress, None, Matrix]:
    """Estimate the resolution of each class average.

    Parameters
    ----------
    frame : Frame
        Poses and disc.
    splines, chosen, classes, threads
        As for :func:`botalign.classes.averaging.average_steps`.
    pixel_size_angstrom : float
        Side of a pixel.

    Yields
    ------
    Progress
        After each half of a class.

    Returns
    -------
    ndarray, shape (classes,)
        Resolutions in angstrom; infinite if the halves do not correlate, or a class has one image only.
    """
    labels, poses = np.divmod(chosen, len(frame.poses))
    half = np.empty_like(labels)
    for label in range(classes):
        members = np.flatnonzero(labels == label)
        half[members] = np.arange(len(members)) % 2
    halves = yield from average_steps(
        frame, splines, (2 * labels + half) * len(frame.poses) + poses, 2 * classes, threads=threads
    )
    spectra, shells = fft.rfft2(soft_edged(halves, frame.radius), workers=1), shell_numbers(frame.side)
    first, second = spectra[::2], spectra[1::2]
    cross = by_shell((first * second.conj()).real, shells)
    power = np.sqrt(by_shell(np.abs(first) ** 2, shells) * by_shell(np.abs(second) ** 2, shells))
    curves = np.divide(cross, power, out=np.zeros_like(cross), where=power > 0)[:, 1 : frame.side // 2]
    frequencies = np.arange(1, curves.shape[1] + 1) / (frame.side * pixel_size_angstrom)
    return np.array([ShellCorrelation(frequencies, curve).resolution(_THRESHOLD) for curve in curves])
