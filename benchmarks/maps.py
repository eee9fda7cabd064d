"""Maps of the benchmark: read, downsampled to a size that all programs accept, clipped, and padded."""

import os
from dataclasses import dataclass
from pathlib import Path

import mrcfile
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CONTOUR_PERCENTILE = 98.0
PADDING = 1.25
LARGEST_BOX = 110
MASS_LOST_LIMIT = 0.02


@dataclass(frozen=True)
class MapEntry:
    """A map file and its symmetry (Schoenflies letter and order, main axis along z)."""

    name: str
    file: str
    symmetry: str = "C1"


MAPS = {
    entry.name: entry
    for entry in (
        MapEntry("emd_1883", "emd_1883.map"),
        MapEntry("emd_1439", "emd_1439.map"),
        MapEntry("clean70S", "clean70S_65.mrc"),
        MapEntry("hand_phantom", "hand_phantom_64.mrc"),
        MapEntry("emd_0093", "emd_0093_masked_220.mrc.gz", "C4"),
        MapEntry("emd_1080", "emd_1080_groel_11.5A.mrc", "D7"),
    )
}


def data_folder() -> Path:
    """Return the folder with the maps: ``$BOTALIGN_DATA``, or ``shared/data`` beside the checkout."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("BOTALIGN_DATA", root / "shared" / "data")).expanduser()
    if not (folder / "maps").is_dir():
        raise FileNotFoundError(f"no folder {folder / 'maps'}: set BOTALIGN_DATA to the folder that holds 'maps'")
    return folder


def fourier_crop(volume: Array, size: int) -> Array:
    """Downsample a cube to ``size`` voxels a side; the position of index 0 and the mean density are kept.

    The Nyquist planes of an even result are dropped: their phase is lost in cropping.
    """
    full = volume.shape[0]
    spectrum = np.fft.fftshift(np.fft.fftn(volume))
    start = full // 2 - size // 2
    window = slice(start, start + size)
    cropped = spectrum[window, window, window].copy()
    if size % 2 == 0:
        cropped[0], cropped[:, 0], cropped[:, :, 0] = 0, 0, 0
    return np.real(np.fft.ifftn(np.fft.ifftshift(cropped))) * (size / full) ** 3


def low_pass(volume: Array) -> Array:
    """Fade out the frequencies from 0.8 to 1 of the Nyquist frequency.

    The corners of the Fourier cube leave the band under a rotation. Without them, both maps sample the same function.
    """
    frequency = 2.0 * np.fft.fftfreq(volume.shape[0])
    kz, ky, kx = np.meshgrid(frequency, frequency, frequency, indexing="ij", sparse=True)
    fade = np.clip((np.sqrt(kz**2 + ky**2 + kx**2) - 0.8) / 0.2, 0.0, 1.0)
    return np.real(np.fft.ifftn(np.fft.fftn(volume) * 0.5 * (1.0 + np.cos(np.pi * fade))))


def prepare(volume: Array) -> Array:
    """Clip at the contour level, pad with zeros to an even box about a quarter larger, and scale to mass 1."""
    if volume.shape[0] > LARGEST_BOX:
        volume = fourier_crop(volume, LARGEST_BOX)
    clipped = np.clip(volume - np.percentile(volume, CONTOUR_PERCENTILE), 0.0, None)
    size = volume.shape[0]
    box = 2 * int(np.ceil(PADDING * size / 2))
    before = (box - size) // 2
    padded = low_pass(np.pad(clipped, (before, box - size - before)))
    return padded / padded.sum()


def read_prepared(entry: MapEntry) -> Array:
    """Read a map and prepare it."""
    with mrcfile.open(data_folder() / "maps" / entry.file, permissive=True) as file:
        return prepare(np.asarray(file.data, dtype=np.float64))
