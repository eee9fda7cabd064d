"""EMalign (Harpaz and Shkolnisky 2023), called as its command line does."""

import warnings
from types import SimpleNamespace

import numpy as np
import src.reshift_vol
from job import Clock, Parameters, run
from src.align_volumes_3d import align_volumes

# It requests eight threads from FFTW, which is slower on one core.
src.reshift_vol.fftw_data_class.__init__.__defaults__ = (1,)
# "Copying array (this may reduce performance)", hundreds of times for each alignment.
warnings.filterwarnings("ignore", module="finufft")

EXCHANGE_XY = np.eye(3)[[1, 0, 2]]


def align(fixed: np.ndarray, moving: np.ndarray, parameters: Parameters, clock: Clock) -> np.ndarray:
    # Its reader transposes to [x, y, z]. Its phase correlation has an absolute threshold, so maps of density about 1.
    volumes = [np.ascontiguousarray(volume.T / fixed.max()) for volume in (fixed, moving)]
    options = SimpleNamespace(
        Nprojs=parameters["projections"], downsample=parameters["emalign_size"], no_refine=parameters["no_refine"]
    )
    np.random.seed(parameters["seed"])  # noqa: NPY002 - it draws its projections from the global generator
    with clock:
        rotation, shift, mirrored, _, _ = align_volumes(*volumes, 0, options)
    # Determined with known poses: rotations apply to (y, x, z) about the centre of the box, (n - 1) / 2; the shift is
    # in (x, y, z) with the opposite sign. If mirrored, z was inverted before.
    linear = EXCHANGE_XY @ rotation @ EXCHANGE_XY @ np.diag([1.0, 1.0, -1.0 if mirrored else 1.0])
    centre = np.full(3, (fixed.shape[0] - 1) / 2.0)
    return np.column_stack([linear, centre - np.asarray(shift) - linear @ centre])


if __name__ == "__main__":
    run(align, warm_up={"projections": 3, "no_refine": True}, distributions=["EMalign", "finufft", "pyFFTW", "scipy"])
