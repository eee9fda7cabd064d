"""Class averages of images with a CTF, beside the clean projections: not flipped, phase-flipped, and corrected.

``python benchmarks/ctf_averages.py`` projects a ribosome in eight directions, each eighty times in the plane, with
defocus, astigmatism and noise, and averages the images of each direction in their known rotations. So only the averages
differ. They are compared inside a soft disc.
"""

import argparse

import numpy as np

import botalign
from botalign.classes.averaging import average_steps
from botalign.classes.correction import corrected_steps
from botalign.classes.frame import Frame
from botalign.classes.posing import image_splines
from botalign.classes.preparation import prepare
from botalign.geometry import random_rotations
from botalign.images import CtfParameters
from botalign.images.ctf import ctf_values, phase_flipped
from botalign.progress import exhaust
from maps import data_folder

SIDE, PIXEL, VIEWS, EACH, ROTATIONS = 64, 5.0, 8, 80, 100
SHELLS = (1, 2, 4, 8, 12, 16, 20, 24, 28)


def about_z(degrees: np.ndarray) -> np.ndarray:
    """Return rotations about z."""
    c, s, o = np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), np.zeros(len(degrees))
    return np.stack([np.stack([c, -s, o], 1), np.stack([s, c, o], 1), np.stack([o, o, o + 1], 1)], axis=1)


def shells(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the Fourier ring correlation and the ratio of amplitudes, means over all pairs."""
    k = np.rint(np.hypot(np.fft.fftfreq(SIDE, 1 / SIDE)[:, None], np.fft.fftfreq(SIDE, 1 / SIDE))).astype(int).ravel()

    def sums(values: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(k, weights=each.ravel())[list(SHELLS)] for each in values])

    a, b = np.fft.fft2(first), np.fft.fft2(second)
    powers = sums(np.abs(a) ** 2), sums(np.abs(b) ** 2)
    return (sums((a * b.conj()).real) / np.sqrt(powers[0] * powers[1])).mean(0), np.sqrt(
        (powers[0] / powers[1]).mean(0)
    )


def main() -> None:
    """Print a table for each signal-to-noise ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snr", type=float, nargs="+", default=[2, 1 / 4, 1 / 16])
    given = parser.parse_args()
    density = botalign.read(data_folder() / "maps" / "clean70S_65.mrc").data
    ribosome = botalign.DensityMap(density, botalign.Grid(density.shape, (PIXEL,) * 3))
    rng = np.random.default_rng(0)
    views, turns = random_rotations(VIEWS, rng), rng.integers(0, ROTATIONS, VIEWS * EACH)
    labels = np.repeat(np.arange(VIEWS), EACH)
    clean = botalign.projections(ribosome, views, size=SIDE).stack
    pixel = clean.pixel_size_angstrom[0]
    perfect = botalign.projections(ribosome, about_z(turns * 360 / ROTATIONS) @ views[labels], size=SIDE).stack.images
    none, defocus = np.zeros(len(labels)), rng.uniform(8000, 25000, len(labels))
    ctf = CtfParameters(
        1.02 * defocus, 0.98 * defocus, rng.uniform(0, 180, len(labels)), none, none + 300, none + 2.7, none + 0.1,
        none > 0, none > 0,
    )  # fmt: skip
    values = ctf_values(ctf, np.arange(len(labels)), side=SIDE, pixel_size_angstrom=pixel)
    signal = np.fft.irfft2(values * np.fft.rfft2(perfect), s=(SIDE, SIDE))
    offset = np.arange(SIDE) - (SIDE - 1) / 2
    distance = np.hypot(offset, offset[:, None]) / (SIDE / 2)
    disc = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - 0.6) / 0.3, 0, 1))  # sharp edges have high frequencies
    options = botalign.ClassifyOptions(rotations=ROTATIONS)
    chosen = labels * len(options.poses) + turns
    for snr in given.snr:
        images = signal + signal.std() / np.sqrt(snr) * rng.standard_normal(signal.shape)
        raw = botalign.ImageStack(images, (pixel, pixel))
        print(f"\nSNR {snr:g} after the CTF; shells {', '.join(map(str, SHELLS))} of {SIDE // 2}")
        print("| averages | correlation | FRC in shells | amplitude in shells |\n|---|---|---|---|")
        for name, stack in (("not flipped", raw), ("flipped", phase_flipped(raw, ctf)), ("corrected", None)):
            ready = prepare(stack or phase_flipped(raw, ctf), invert=False)
            frame = Frame.of(options, ready)
            if stack is None:
                found = exhaust(corrected_steps(frame, ready.images, chosen, VIEWS, ctf, pixel))
            else:
                found = exhaust(average_steps(frame, image_splines(ready.images), chosen, VIEWS))
            found, truth = found * ready.scale * disc, clean.images * disc
            mean = np.mean([np.corrcoef(a[disc > 0], b[disc > 0])[0, 1] for a, b in zip(found, truth, strict=True)])
            frc, ratio = (" ".join(f"{x:.2f}" for x in each) for each in shells(found, truth))
            print(f"| {name} | {mean:.3f} | {frc} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
