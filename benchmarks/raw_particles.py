"""Class averages of simulated raw particles: as they are, centred, phase-flipped, and the same without a CTF.

``python benchmarks/raw_particles.py`` projects a ribosome in random directions and writes the images as two optics
groups of RELION, with their CTF, shifts of up to three pixels and noise. Each list is classified. The table has the
median angle between the viewing directions of two images in a class, and the mean Fourier ring correlation of the
averages with those of the clean images of the same classes. Use ``--images 300 --size 64 --classes 10`` for a trial.
"""

import argparse
import resource
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np

import botalign
from botalign.classes.averaging import average_steps
from botalign.classes.correction import by_shell, shell_numbers
from botalign.classes.frame import Frame
from botalign.classes.posing import image_splines
from botalign.classes.preparation import prepare
from botalign.geometry import identity, random_rotations
from botalign.images import CtfParameters, ImageList
from botalign.images.ctf import ctf_values
from botalign.progress import exhaust
from ctf_classes import within_class
from maps import data_folder
from particles import loop

WIDTH_ANGSTROM, BLOCK = 65 * 5.0, 500
#: Voltage, spherical aberration and amplitude contrast of the optics groups.
OPTICS = ((300.0, 2.7, 0.1), (200.0, 1.4, 0.07))
SHELLS = (1, 2, 4, 8, 16, 24, 32, 48)
#: Images without a CTF; without one, but with the mean amplitudes and the noise of images with a CTF; and images with
#: one: as they are, centred, and centred with their phases flipped.
LISTS = ("no-ctf", "shaped", "raw", "centred", "flipped")


def ribosome(size: int) -> botalign.DensityMap:
    """Return the map in a box of `size` voxels."""
    with warnings.catch_warnings(action="ignore"):  # the header has no voxel size
        density = botalign.read(data_folder() / "maps" / "clean70S_65.mrc").data
    coarse = botalign.DensityMap(density, botalign.Grid(density.shape, (WIDTH_ANGSTROM / len(density),) * 3))
    voxel = WIDTH_ANGSTROM / size
    start = (voxel - WIDTH_ANGSTROM / len(density)) / 2  # the outer faces of both boxes are the same
    return botalign.resample(coarse, identity(), botalign.Grid((size,) * 3, (voxel,) * 3, (start,) * 3))


def simulate(folder: Path, given: argparse.Namespace) -> np.ndarray:
    """Write raw.star with its stack, and the stacks without a CTF; return the viewing directions."""
    n, side = given.images, given.size
    rng, density, pixel = np.random.default_rng(given.seed), ribosome(side), WIDTH_ANGSTROM / side
    rotations, group = random_rotations(n, rng), np.arange(n) % 2
    defocus, angle = rng.uniform(8000, 25000, n), rng.uniform(0, 180, n)
    shifts = given.shift * np.sqrt(rng.uniform(0, 1, (n, 1))) * unit_vectors(rng.uniform(0, 2 * np.pi, n))
    voltage, cs, contrast = np.array(OPTICS)[group].T
    no = np.zeros(n, dtype=bool)
    ctf = CtfParameters(1.02 * defocus, 0.98 * defocus, angle, np.zeros(n), voltage, cs, contrast, no, no)
    names = ("clean", "raw", "no_ctf", "shaped")
    stacks = [mrcfile.new_mmap(folder / f"{name}.mrcs", (n, side, side), mrc_mode=2) for name in names]
    k, half = np.fft.fftfreq(side), np.fft.rfftfreq(side)
    directions, deviations, shells = np.empty((n, 3)), np.zeros(2), shell_numbers(side)
    for start in range(0, n, BLOCK):
        part = slice(start, min(start + BLOCK, n))
        made = botalign.projections(density, rotations[part], size=side)
        clean, directions[part] = made.stack.images, made.viewing_directions
        values = ctf_values(ctf, np.arange(n)[part], side=side, pixel_size_angstrom=pixel)
        x, y = shifts[part].T[:, :, None, None]
        moved = np.fft.rfft2(clean) * np.exp(-2j * np.pi * (x * half + y * k[:, None]))
        signal = np.fft.irfft2(values * moved, s=(side, side))
        if not start:  # one level of noise and one mean transfer for all images
            transfer = np.sqrt(by_shell(values**2, shells).mean(axis=0))[shells]
            deviations = np.array([signal.std(), clean.std()]) / np.sqrt(given.snr)
        noise = rng.standard_normal(clean.shape)
        shaped = np.fft.irfft2(transfer * np.fft.rfft2(clean), s=(side, side))
        changed = (signal + deviations[0] * noise, clean + deviations[1] * noise, shaped + deviations[0] * noise)
        for stack, images in zip(stacks, (clean, *changed), strict=True):
            stack.data[part] = images
    for stack in stacks:
        stack.voxel_size = pixel
        stack.set_image_stack()
        stack.close()
    labels = ["OpticsGroup", "Voltage", "SphericalAberration", "AmplitudeContrast", "ImagePixelSize", "ImageSize"]
    optics = loop("optics", labels, [f"{g + 1} {v} {c} {w} {pixel} {side}" for g, (v, c, w) in enumerate(OPTICS)])
    labels = ["ImageName", "OpticsGroup", "DefocusU", "DefocusV", "DefocusAngle", "OriginXAngst", "OriginYAngst"]
    rows = [
        f"{i + 1}@raw.mrcs {group[i] + 1} {1.02 * defocus[i]:.1f} {0.98 * defocus[i]:.1f} {angle[i]:.2f} "
        f"{-shifts[i, 0] * pixel:.4f} {-shifts[i, 1] * pixel:.4f}"
        for i in range(n)
    ]
    (folder / "raw.star").write_text(optics + loop("particles", labels, rows))
    return directions


def unit_vectors(angles: np.ndarray) -> np.ndarray:
    """Return vectors in the plane."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def averages_of(found: botalign.Classification, stack: botalign.ImageStack, rotations: int) -> np.ndarray:
    """Return the averages of other images in the classes and poses of a classification, not corrected for the CTF."""
    ready = prepare(stack, invert=False, size=found.averages.shape[1])
    frame = Frame.of(botalign.ClassifyOptions(rotations=rotations), ready)
    turns = np.rint(found.angles_degrees * rotations / 360).astype(np.int64) % rotations
    chosen = found.labels * rotations + turns
    return exhaust(average_steps(frame, image_splines(ready.images), chosen, len(found.sizes)))


def ring_correlation(averages: np.ndarray, truth: np.ndarray, sizes: np.ndarray) -> list[float]:
    """Return the mean correlation of averages with others in each of `SHELLS`."""
    side, classes = averages.shape[1], len(averages)
    offset = np.arange(side) - (side - 1) / 2
    distance = np.hypot(offset, offset[:, None]) / (side / 2)
    disc = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - 0.6) / 0.3, 0, 1))
    a, b = (np.fft.fft2(each * disc) for each in (averages, truth))
    k = np.rint(np.hypot(np.fft.fftfreq(side, 1 / side)[:, None], np.fft.fftfreq(side, 1 / side))).astype(int)
    correlations = []
    for shell in (shell for shell in SHELLS if shell < side // 2):
        one, other = a[:, k == shell], b[:, k == shell]
        power = np.sqrt((np.abs(one) ** 2).sum(1) * (np.abs(other) ** 2).sum(1))
        cross = (one * other.conj()).real.sum(1)
        correlations.append(float(np.divide(cross, power, out=np.zeros(classes), where=power > 0)[sizes > 1].mean()))
    return correlations


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--classes", type=int, default=150)
    parser.add_argument("--rotations", type=int, default=200)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--snr", type=float, default=1 / 16, help="after the CTF")
    parser.add_argument("--shift", type=float, default=3.0, help="largest shift in pixels")
    parser.add_argument("--metrics", nargs="+", default=["wemd"])
    parser.add_argument("--lists", nargs="+", choices=LISTS, default=LISTS, help="which images to classify")
    parser.add_argument("--reduced", type=int, help="size to which images are reduced, as --size of botalign classify")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        directions = simulate(folder, given)
        clean = botalign.read_stack(folder / "clean.mrcs")
        raw = botalign.read_images(folder / "raw.star")
        lists: dict[str, Callable[[], ImageList]] = {
            "no-ctf": lambda: botalign.read_images(folder / "no_ctf.mrcs"),
            "shaped": lambda: botalign.read_images(folder / "shaped.mrcs"),
            "raw": lambda: raw,
            "centred": lambda: raw.centred(),
            "flipped": lambda: raw.centred().phase_flipped(),
        }
        shells = ", ".join(str(shell) for shell in SHELLS)
        print("| images | metric | median angle (degrees) | effective classes | s per iteration | avoided | "
              f"FRC in shells {shells} | after correction |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
        for label in given.lists:
            for metric in given.metrics:
                stack = lists[label]().stack
                found = botalign.classify(
                    stack, given.classes, metric=metric, rotations=given.rotations, size=given.reduced,
                    iterations=given.iterations, seed=1, threads=given.threads, invert=False,
                )  # fmt: skip
                later = found.iterations[1:]
                seconds, avoided = np.mean([each.seconds for each in later]), np.mean([each.avoided for each in later])
                truth, plain = (averages_of(found, each, given.rotations) for each in (clean, stack))
                curves = [ring_correlation(plain, truth, found.sizes)]
                if found.ctf_corrected:
                    curves.append(ring_correlation(found.averages.images, truth, found.sizes))
                numbers = f"{within_class(found, directions):.1f} | {found.effective_classes:.1f} | {seconds:.2f}"
                shown = " | ".join(" ".join(f"{each:.2f}" for each in curve) for curve in curves)
                print(f"| {label} | {metric} | {numbers} | {avoided:.2%} | {shown} |", flush=True)
    print(f"\nlargest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
