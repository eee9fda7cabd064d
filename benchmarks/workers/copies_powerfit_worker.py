"""PowerFit: the first twenty fits of one part, of which there are up to 14 copies."""

import assemblies_powerfit_worker as worker
from fits_job import run

worker.COUNT = 20

if __name__ == "__main__":
    run(worker.place, distributions=["powerfit-em", "numpy", "scipy", "pyFFTW"])
