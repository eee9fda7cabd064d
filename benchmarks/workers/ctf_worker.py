"""Contrast transfer functions by another program: ``ctf_worker.py PROGRAM PARAMETERS.npz VALUES.npy``."""

import sys

import numpy as np


def by_torch(p: dict[str, np.ndarray], side: int, pixel: float) -> np.ndarray:
    """Return half spectra."""
    import torch
    from torch_ctf import calculate_ctf_2d

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.float64))

    u, v = p["defocus_u_angstrom"] * 1e-4, p["defocus_v_angstrom"] * 1e-4
    return calculate_ctf_2d(
        defocus=tensor((u + v) / 2), astigmatism=tensor((u - v) / 2),
        astigmatism_angle=tensor(p["astigmatism_degrees"]), voltage=tensor(p["voltage_kv"]),
        spherical_aberration=tensor(p["cs_mm"]), amplitude_contrast=tensor(p["amplitude_contrast"]),
        phase_shift=tensor(p["phase_shift_degrees"]), pixel_size=torch.tensor(pixel, dtype=torch.float64),
        image_shape=(side, side), rfft=True, fftshift=False,
    ).numpy()  # fmt: skip


def by_aspire(p: dict[str, np.ndarray], side: int, pixel: float) -> np.ndarray:
    """Return half spectra; a phase shift is added to that of the amplitude contrast."""
    from aspire.operators import CTFFilter

    y, x = np.meshgrid(2 * np.pi * np.fft.fftfreq(side), 2 * np.pi * np.fft.rfftfreq(side), indexing="ij")
    found = []
    for i in range(len(p["cs_mm"])):
        alpha = np.sin(np.arcsin(p["amplitude_contrast"][i]) + np.radians(p["phase_shift_degrees"][i]))
        one = CTFFilter(
            p["voltage_kv"][i], p["defocus_u_angstrom"][i], p["defocus_v_angstrom"][i],
            np.radians(p["astigmatism_degrees"][i]), p["cs_mm"][i], alpha,
        )  # fmt: skip
        found.append(one._evaluate(np.stack([x, y]), pixel_size=pixel))
    return np.array(found)


if __name__ == "__main__":
    program, source, target = sys.argv[1:]
    with np.load(source) as stored:
        parameters = dict(stored)
    side, pixel = int(parameters.pop("side")), float(parameters.pop("pixel"))
    np.save(target, {"torch": by_torch, "aspire": by_aspire}[program](parameters, side, pixel))
