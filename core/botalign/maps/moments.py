"""Mean and standard deviation of large arrays."""

import numpy as np
from numpy.typing import NDArray


def mean_and_deviation(data: NDArray[np.float32]) -> tuple[float, float]:
    """Return the mean and the standard deviation of a map, accumulated in double precision."""
    mean = float(data.mean(dtype=np.float64))
    # Section by section, to avoid a float64 copy of a large map.
    square = sum(float(np.square(section - mean, dtype=np.float64).sum()) for section in data)
    return mean, float(np.sqrt(square / data.size))
