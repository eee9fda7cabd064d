"""A list of particles together with its images."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.images.centring import centred
from botalign.images.ctf import phase_flipped
from botalign.images.dust import without_dust
from botalign.images.particles import ClassColumns, ParticleList
from botalign.images.stack import ImageStack


@dataclass(frozen=True, eq=False)
class ImageList:
    """Images, and the list that refers to them.

    Attributes
    ----------
    stack : ImageStack
        Images, in the order of the list, which are read when they are needed.
    particles : botalign.images.ParticleList
        The list. For a stack without a list, one that was made for it.
    pixel_sizes_angstrom : ndarray, shape (n,)
        Side of a pixel of each image in its file, which differs from that of `stack` if images were rescaled.

    See Also
    --------
    read_images : Read a list or a stack.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "particles.mrcs"
    ...     botalign.ImageStack(np.zeros((3, 32, 32))).write(path)
    ...     listed = botalign.read_images(path)
    >>> listed.particles.columns
    ('rlnImageName', 'rlnOpticsGroup')
    """

    stack: ImageStack
    particles: ParticleList
    pixel_sizes_angstrom: Matrix

    def with_classes(self, found: ClassColumns) -> ImageList:
        """Return the list with the class and pose of each image; the given list does not change."""
        return replace(self, particles=self.particles.with_classes(found))

    def phase_flipped(self) -> ImageList:
        """Return the list with the phases of its images flipped where their contrast transfer function is negative.

        Images that were flipped or multiplied by their CTF before, according to the list, stay as they are.

        Raises
        ------
        InputError
            If the list has no parameters of the CTF, or not for every image.
        """
        parameters = self.particles.ctf
        if parameters is None:
            raise InputError(
                f"{self.particles.name}: no defocus, voltage, spherical aberration or amplitude contrast, expected "
                "all of them; give a list that has the CTF, or do not flip phases."
            )
        return replace(self, stack=phase_flipped(self.stack, parameters))

    def centred(self) -> ImageList:
        """Return the list with each image shifted by its origin, so that the particle is in the middle.

        An origin moves the particle to pixel ``side // 2``. Images are rotated about their middle, which is half a
        pixel before it if the side is even; the shifts include this half. Fractions of a pixel are shifted in Fourier
        space, which changes neither the details of the particle nor the noise. Without origins in the list, the images
        stay as they are. :meth:`Classification.annotate` counts the shifts in.

        Raises
        ------
        InputError
            If an origin is not a number, or far from the middle of the image.
        """
        origins = self.particles.origins_angstrom(self.pixel_sizes_angstrom)
        if origins is None:
            return self
        return replace(self, stack=centred(self.stack, origins / self.stack.pixel_size_angstrom[0]))

    def without_dust(self, dust: float) -> ImageList:
        """Return the list with pixels of dust replaced by the level of the background.

        Do this before phases are flipped, which spreads dust.

        Parameters
        ----------
        dust : float
            A pixel that differs from the background by more than this number of its standard deviations is dust.

        Raises
        ------
        InputError
            If `dust` is not a positive number.
        """
        return replace(self, stack=without_dust(self.stack, dust))

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the list.

        Parameters
        ----------
        path : path-like
            File to write, with the extension of the list: ``.star``, or ``.cs`` for a list of cryoSPARC.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the extension is another one, the file exists and `overwrite` is false, or it cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> import botalign
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     folder = Path(folder)
        ...     botalign.ImageStack(np.zeros((3, 32, 32))).write(folder / "particles.mrcs")
        ...     botalign.read_images(folder / "particles.mrcs").write(folder / "particles.star")
        ...     len(botalign.read_images(folder / "particles.star").stack)
        3
        """
        self.particles.write(path, overwrite=overwrite)
