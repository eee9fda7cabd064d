"""torch-fit-in-map: all rotations of a 15 degree grid, all shifts by FFT, then gradient refinement."""

import numpy as np
import torch
from job import Clock, Parameters, run
from torch_fit_in_map import ExhaustiveSearchConfig, fit_map_in_map


def fourier_crop(volume: np.ndarray, size: int) -> np.ndarray:
    """Downsample a cube; the position of index 0 is kept."""
    full = volume.shape[0]
    start = full // 2 - size // 2
    window = slice(start, start + size)
    cropped = np.fft.fftshift(np.fft.fftn(volume))[window, window, window].copy()
    if size % 2 == 0:
        cropped[0], cropped[:, 0], cropped[:, :, 0] = 0, 0, 0
    return np.real(np.fft.ifftn(np.fft.ifftshift(cropped)))


def align(fixed: np.ndarray, moving: np.ndarray, parameters: Parameters, clock: Clock) -> np.ndarray:
    full, size = fixed.shape[0], parameters["torch_size"]
    config = ExhaustiveSearchConfig(angular_step_degrees=parameters["angular_step_degrees"])
    with clock:
        maps = [torch.from_numpy(fourier_crop(volume, size)).float() for volume in (moving, fixed)]
        result = fit_map_in_map(*maps, exhaustive_config=config, verbose=False)
    # It returns the matrix from fixed to moving in (z, y, x) about (n - 1) / 2; its inverse in (x, y, z) is needed.
    linear = result.rotation_matrix.numpy().astype(np.float64)[::-1, ::-1].T
    shift = result.translation_pixels.numpy().astype(np.float64)[::-1]
    centre = np.full(3, (size - 1) / 2.0)
    return np.column_stack([linear, full / size * (centre + shift - linear @ centre)])


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(align, warm_up={"angular_step_degrees": 90.0}, distributions=["torch", "torch-fit-in-map"])
