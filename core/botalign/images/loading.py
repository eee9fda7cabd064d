"""The images of a list as they are classified: rescaled, without dust, centred, with their phases flipped."""

from __future__ import annotations

import os

from botalign.images.image_list import ImageList
from botalign.images.load_options import LoadOptions
from botalign.images.reading import read_images
from botalign.options import options_from


def load_images(
    path: str | os.PathLike[str],
    *,
    pixel_size_angstrom: float | None = None,
    dust: float | None = None,
    phase_flip: bool | None = None,
) -> ImageList:
    """Read the images of a list or a stack as they are classified.

    Images are rescaled, cleaned of dust, shifted by the origins in the list, and phase-flipped, in this order.

    Parameters
    ----------
    path : path-like
        List or stack, as for :func:`read_images`.
    pixel_size_angstrom : float, optional
        Pixel size to which all images are rescaled, at least that of the largest pixel. By default all must have the
        same size and pixel size.
    dust : float, optional
        Number of standard deviations of the background from which on a pixel is dust, which is replaced. By default no
        pixels are replaced.
    phase_flip : bool, optional
        Whether to flip the phases by the CTF in the list; by default if it has the CTF. Images that were flipped or
        multiplied by their CTF before, according to the list, stay as they are.

    Returns
    -------
    ImageList
        The list, and the images, which are read when they are needed.

    Raises
    ------
    InputError
        If the list or its images cannot be used, an option is out of range, or `phase_flip` is true and the list has no
        CTF.

    See Also
    --------
    read_images : Read the images as they are.
    classify : Classify them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "particles.mrcs"
    ...     botalign.ImageStack(np.zeros((3, 32, 32)), (1.5, 1.5)).write(path)
    ...     listed = botalign.load_images(path, pixel_size_angstrom=3.0)
    >>> listed.stack
    <ImageStack particles.mrcs: 3 images of 16 x 16 pixels of 3 A>
    """
    given = locals()
    options = options_from(LoadOptions, given)
    listed = read_images(path, pixel_size_angstrom=options.pixel_size_angstrom)
    if options.dust is not None:
        listed = listed.without_dust(options.dust)
    listed = listed.centred()
    if options.phase_flip or (options.phase_flip is None and listed.particles.ctf is not None):
        listed = listed.phase_flipped()
    return listed
