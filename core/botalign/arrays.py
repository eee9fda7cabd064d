"""Names of array types that most packages use."""

import numpy as np
from numpy.typing import NDArray

#: Coordinates, rotations, transforms, and other small arrays in double precision.
Matrix = NDArray[np.float64]
#: Densities and images.
Volume = NDArray[np.float32]
#: Numbers and indices.
Counts = NDArray[np.int64]
