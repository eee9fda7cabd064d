"""Reading of stacks of images, and of lists that refer to them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from botalign.errors import InputError
from botalign.images.cs_particles import CsParticles
from botalign.images.image_list import ImageList
from botalign.images.listed_files import ListedFiles
from botalign.images.particles import ParticleList
from botalign.images.rescaling import rescaled
from botalign.images.stack import ImageStack
from botalign.images.star import StarFile, star_text
from botalign.images.star_particles import StarParticles
from botalign.images.star_values import number_text
from botalign.images.stored import StackFile, StoredImages
from botalign.maps.reading import open_map_file, warn_of_remarks


def read_stack(path: str | os.PathLike[str]) -> ImageStack:
    """Read a stack of images, or a single image, in MRC format.

    Modes, byte orders and compression are those of :func:`read`. Only the header is read at first, and the images when
    they are needed.

    Parameters
    ----------
    path : path-like
        File to read, or ``FILE:mrcs`` to state the content of a file whose header or extension contradicts it.

    Returns
    -------
    ImageStack
        The images, with axes image, y, x, float32 values, and the name of the file.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, is damaged, or holds a map.

    Warns
    -----
    MapWarning
        If the header has errors, as :func:`read` does, or may be that of a map.

    See Also
    --------
    read_images : Also reads the images of a list.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "particles.mrcs"
    ...     botalign.ImageStack(np.zeros((10, 32, 32)), (1.5, 1.5)).write(path)
    ...     stack = botalign.read_stack(path)
    >>> stack
    <ImageStack particles.mrcs: 10 images of 32 x 32 pixels of 1.5 A>
    """
    return _stack_of(StackFile.open(path, stated=False))


def _stack_of(file: StackFile, pixel_size_angstrom: float | None = None) -> ImageStack:
    images, (x, y, _) = StoredImages.whole(file), file.header.grid.voxel_size_angstrom
    if pixel_size_angstrom is None:
        stack = ImageStack(images, (x, y), name=file.path)
    else:
        smaller = rescaled(images, np.tile((x, y), (len(images.file_of), 1)), pixel_size_angstrom, file.path)
        stack = ImageStack(smaller, (pixel_size_angstrom, pixel_size_angstrom), name=file.path)
    warn_of_remarks(file.path, list(file.header.remarks), stacklevel=4)  # at the caller of the public function
    return stack


def holds_images(path: str | os.PathLike[str]) -> bool:
    """Return whether a file holds an image or a stack of images, according to its extension and header.

    Parameters
    ----------
    path : path-like
        File in MRC format.

    Returns
    -------
    bool
        True for images, False for a map.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, or holds neither images nor a map.

    Notes
    -----
    Maps and stacks have the same format. A stack without the extension ``.mrcs`` whose header does not identify it as a
    stack (space group 0, one section per cell) is taken for a map. ``FILE:mrcs`` and ``FILE:mrc`` override both.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "phantom.mrc"
    ...     botalign.phantom(24).write(path)
    ...     botalign.holds_images(path)
    False
    """
    with open_map_file(path, expected=None) as (_, header, _):
        return header.images


def read_particles(path: str | os.PathLike[str]) -> ParticleList:
    r"""Read a list of particles, without their images.

    Parameters
    ----------
    path : path-like
        Star file of RELION 3.0 to 5, or ``.cs`` file of cryoSPARC. Fields that a ``.cs`` file lacks are taken from the
        file ``*passthrough*.cs`` of the same particles in its folder.

    Returns
    -------
    botalign.images.ParticleList
        The list.

    Raises
    ------
    InputError
        If the file is missing or damaged, or does not list particle images.

    See Also
    --------
    read_images : Also finds the images.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "particles.star"
    ...     labels = "_rlnImageName #1\n_rlnImagePixelSize #2\n"
    ...     _ = path.write_text(f"data_\n\nloop_\n{labels}000002@a.mrcs 1.34\n000005@a.mrcs 1.34\n")
    ...     particles = botalign.read_particles(path)
    >>> particles, particles.pixel_sizes_angstrom.tolist()
    (<StarParticles particles.star: 2 particles>, [1.34, 1.34])
    """
    path = Path(path)
    if path.suffix.lower() == CsParticles.extension:
        return CsParticles.read(path)
    if path.suffix.lower() == ".csg":
        raise InputError(
            f"{path}: got the names of the files of a cryoSPARC group, expected a particle list; give the .cs file."
        )
    return StarParticles.of(StarFile.read(path))


def read_images(path: str | os.PathLike[str], *, pixel_size_angstrom: float | None = None) -> ImageList:
    """Read the images of a stack, or those that a list of RELION or cryoSPARC refers to.

    Parameters
    ----------
    path : path-like
        List, with the extension ``.star`` or ``.cs``, or a stack. Stacks named in a list are searched for relative to
        the current folder, as RELION does, to the folder of the list, and to all folders above it.
    pixel_size_angstrom : float, optional
        Pixel size to which images are rescaled, which may then differ in the number and size of their pixels.

    Returns
    -------
    ImageList
        The list, and its images in the same order, which are read when they are needed.

    Raises
    ------
    InputError
        If a file is missing or damaged, a listed image does not exist in its stack, images or pixels differ in size and
        are not rescaled, `pixel_size_angstrom` is smaller than the largest pixel, or the list is not one of particle
        images.

    Warns
    -----
    MapWarning
        Once, if headers have errors or contradict the list.

    See Also
    --------
    read_stack : Read a stack only.
    Classification.annotate : Add the classes of the images to the list.

    Notes
    -----
    The pixel size is that of the optics group, of the table, or of the detector divided by the magnification, in this
    order. If the list has none, it is that of the headers of the stacks, which must then agree.

    Images are rescaled by Fourier interpolation, in the largest box that all of them contain. Pixel ``side // 2``, on
    which particles are centred, remains this pixel.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "particles.mrcs"
    ...     botalign.ImageStack(np.zeros((3, 32, 32)), (1.5, 1.5)).write(path)
    ...     listed = botalign.read_images(path)
    >>> listed.stack
    <ImageStack particles.mrcs: 3 images of 32 x 32 pixels of 1.5 A>
    """
    path = Path(path)
    if not is_list(path):
        file = StackFile.open(path, stated=False)
        return _list_of(file, _stack_of(file, pixel_size_angstrom))
    files = ListedFiles.of(read_particles(path))
    return ImageList(files.stack(pixel_size_angstrom), files.particles, files.pixel_sizes.of_images[:, 0])


def common_pixel_size(path: str | os.PathLike[str]) -> float | None:
    r"""Return the pixel size to which the images of a list can be rescaled if they differ in size.

    Parameters
    ----------
    path : path-like
        List, as for :func:`read_images`.

    Returns
    -------
    float or None
        The largest pixel side in angstrom, or None if all images have the same size and pixel size.

    Raises
    ------
    InputError
        If a file is missing or damaged, a listed image does not exist in its stack, or the list is not one of particle
        images.

    See Also
    --------
    read_images : Read the images, rescaled.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, pixel in (("a", 1.5), ("b", 2.0)):
    ...         botalign.ImageStack(np.zeros((1, 32, 32)), (pixel, pixel)).write(Path(folder) / f"{name}.mrcs")
    ...     path = Path(folder) / "particles.star"
    ...     _ = path.write_text("data_\n\nloop_\n_rlnImageName\n1@a.mrcs\n1@b.mrcs\n")
    ...     botalign.common_pixel_size(path)
    2.0
    """
    files = ListedFiles.of(read_particles(path))
    return files.pixel_sizes.largest if files.differ else None


def is_list(path: Path) -> bool:
    """Return whether a file is a particle list, according to its extension."""
    return path.suffix.lower() in (".star", ".cs", ".csg")


def _list_of(file: StackFile, stack: ImageStack) -> ImageList:
    """Return a list as RELION writes it for all images of a file, with these images, which may have been rescaled."""
    (count, _, columns), pixel = file.shape, file.header.grid.voxel_size_angstrom[0]
    # An absolute path, so that the list can be read from any folder.
    path = Path(file.path).resolve()
    optics = {
        "rlnOpticsGroup": ["1"],
        "rlnOpticsGroupName": ["opticsGroup1"],
        "rlnImagePixelSize": [number_text(pixel)],
        "rlnImageSize": [str(columns)],
        "rlnImageDimensionality": ["2"],
    }
    names = [f"{number:06d}@{path}" for number in range(1, count + 1)]
    text = star_text({"optics": optics, "particles": {"rlnImageName": names, "rlnOpticsGroup": ["1"] * count}})
    return ImageList(stack, StarParticles.of(StarFile(text, stack.name)), np.full(count, pixel))
