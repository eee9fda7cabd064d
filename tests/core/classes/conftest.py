import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def scipy_rotated(image: NDArray[np.float32], degrees: float) -> NDArray[np.float64]:
    """Return an image rotated by scipy from x to y, zero outside the largest disc."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.array([[c, -s], [s, c]])  # rows and columns are (y, x)
    middle = (len(image) - 1) / 2
    out = ndimage.affine_transform(
        image.astype(float), matrix, middle - matrix @ [middle, middle], order=3, mode="mirror"
    )
    return np.where(in_disc(len(image)), out, 0)


def in_disc(side: int) -> NDArray[np.bool_]:
    """Return which pixels lie in the largest disc."""
    offset = np.arange(side) - (side - 1) / 2
    return offset[:, None] ** 2 + offset**2 <= ((side - 1) / 2) ** 2
