"""Accuracy of the written map: cubic B-splines against the exact rotation of the Fourier series of the map (finufft).

``python benchmarks/resampling.py`` prints, for each map and low-pass filter, the RMS of the difference relative to the
RMS of the map. Trilinear interpolation by scipy is given for comparison.
"""

import argparse

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from accuracy import as_map, load
from botalign.geometry import transform_about
from botalign.maps.fourier import rotate_fourier
from botalign.maps.resampling import resample
from maps import Array
from report import machine

CUTOFFS = (0.5, 0.67, 0.8, 1.0)


def low_passed(volume: Array, cutoff: float) -> Array:
    """Remove the frequencies beyond a fraction of the Nyquist frequency in all directions."""
    frequency = 2 * np.fft.fftfreq(len(volume))
    kz, ky, kx = np.meshgrid(frequency, frequency, frequency, indexing="ij", sparse=True)
    return np.fft.ifftn(np.fft.fftn(volume) * (kz**2 + ky**2 + kx**2 < cutoff**2)).real


def errors(volume: Array, rotation: Array) -> tuple[float, float]:
    """Return the relative errors of cubic B-splines and trilinear interpolation in the ball that touches the box."""
    exact = rotate_fourier(volume, rotation)
    density = as_map(volume, 1.0, "map")
    centre = density.grid.centre_angstrom
    spline = resample(density, transform_about(rotation, centre, centre), density.grid).data
    pull = rotation.T[::-1, ::-1]  # array axes are z, y, x
    middle = centre[::-1]
    trilinear = ndimage.affine_transform(volume, pull, middle - pull @ middle, order=1)
    axis = np.arange(len(volume)) - middle[0]
    ball = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < (middle[0] - 2) ** 2
    scale = np.sqrt(np.mean(exact[ball] ** 2))
    return tuple(float(np.sqrt(np.mean((other - exact)[ball] ** 2)) / scale) for other in (spline, trilinear))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", default="emd_1883,clean70S,emd_1080")
    names = parser.parse_args().maps.split(",")
    rotations = Rotation.random(3, random_state=0).as_matrix()
    print(machine())
    print("| map | filtered at (Nyquist) | cubic B-spline | trilinear |\n| --- | --- | --- | --- |")
    for name in names:
        volume = load(name).volume
        for cutoff in CUTOFFS:
            filtered = low_passed(volume, cutoff)
            spline, trilinear = np.median([errors(filtered, rotation) for rotation in rotations], axis=0)
            print(f"| {name} | {cutoff:g} | {spline:.2%} | {trilinear:.2%} |", flush=True)


if __name__ == "__main__":
    main()
