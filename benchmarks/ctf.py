"""The contrast transfer function beside those of torch-ctf and ASPIRE.

``python benchmarks/ctf.py`` compares the values at all frequencies of an image, for random parameters at each defocus,
and the signs, which decide about phase flipping.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from botalign.images import CtfParameters
from botalign.images.ctf import ctf_values
from environments import HERE, interpreter

SIDE, PIXEL = 256, 1.0
DEFOCUS = (3000, 8000, 15000, 25000, 40000)
IMAGES = 20


def random_parameters(defocus: float, rng: np.random.Generator) -> CtfParameters:
    """Return parameters of images with a mean defocus, up to 10 % astigmatism, and half of them with a phase shift."""
    none = np.zeros(IMAGES, dtype=bool)
    astigmatism = rng.uniform(0, 0.1, IMAGES)
    return CtfParameters(
        defocus_u_angstrom=defocus * (1 + astigmatism),
        defocus_v_angstrom=defocus * (1 - astigmatism),
        astigmatism_degrees=rng.uniform(-180, 180, IMAGES),
        phase_shift_degrees=np.where(np.arange(IMAGES) % 2, 0, rng.uniform(0, 90, IMAGES)),
        voltage_kv=rng.choice([100.0, 200.0, 300.0], IMAGES),
        cs_mm=rng.choice([0.01, 1.6, 2.0, 2.7], IMAGES),
        amplitude_contrast=rng.uniform(0.05, 0.15, IMAGES),
        phase_flipped=none,
        premultiplied=none,
    )


def by_peer(program: str, python: Path, parameters: CtfParameters) -> np.ndarray:
    """Return the values that another program computes."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "parameters.npz", Path(folder) / "values.npy"
        np.savez(source, **vars(parameters), side=SIDE, pixel=PIXEL)
        command = [str(python), str(HERE / "workers" / "ctf_worker.py"), program, str(source), str(target)]
        subprocess.run(command, check=True, capture_output=True)
        return np.load(target)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], metavar="PROGRAM=PATH", help="existing environments")
    given = dict(each.split("=", 1) for each in parser.parse_args().python)
    rng = np.random.default_rng(0)
    # The direction of a Nyquist frequency is not defined.
    inner = np.ones((SIDE, SIDE // 2 + 1), dtype=bool)
    inner[SIDE // 2], inner[:, -1] = False, False
    print("| program | defocus (A) | largest difference | other signs (%) |\n|---|---|---|---|")
    for program in ("torch", "aspire"):
        python = Path(given[program]) if program in given else interpreter(program)
        for defocus in DEFOCUS:
            parameters = random_parameters(defocus, rng)
            own = ctf_values(parameters, np.arange(IMAGES), side=SIDE, pixel_size_angstrom=PIXEL)[:, inner]
            other = by_peer(program, python, parameters)[:, inner]
            other *= np.sign((own * other).sum())  # whether bright or dark particles are positive
            signs = 100 * np.mean((own < 0) != (other < 0))
            print(f"| {program} | {defocus} | {np.abs(own - other).max():.1e} | {signs:.3f} |", flush=True)


if __name__ == "__main__":
    main()
