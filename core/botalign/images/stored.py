"""Images in files, read when they are needed."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Counts, Volume
from botalign.errors import InputError
from botalign.maps.header import HEADER_BYTES, MapHeader
from botalign.maps.reading import open_map_file, read_values

_BLOCK_BYTES = 1 << 25  # images in memory at once


@dataclass(frozen=True)
class StackFile:
    """A file of images, of which only the header was read.

    Attributes
    ----------
    path : str
        The file.
    header : MapHeader
        Its header.
    """

    path: str
    header: MapHeader

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, stated: bool) -> StackFile:
        """Read the header of a file; `stated` if it is known to hold images, otherwise the header must agree."""
        with open_map_file(path, expected="images", stated=stated) as (_, header, _):
            if header.axis_order[2] != 3:
                raise InputError(
                    f"{header.name}: images along axis {header.axis_order[2]} (axis order "
                    f"{', '.join(map(str, header.axis_order))}), expected them along axis 3; convert the file."
                )
            return cls(header.name, header)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of images, rows and columns."""
        return self.header.grid.shape

    @contextmanager
    def reader(self) -> Iterator[Callable[[Counts], Volume]]:
        """Open the file and yield a function that reads images by their increasing numbers.

        Images are read by position. A memory map would end the process if the file became shorter or unreachable.
        Compressed files are decompressed as far as the last image.
        """
        with open_map_file(self.path, expected="images", stated=True) as (stream, header, size):
            _, rows, columns = header.file_shape
            start, image_bytes = HEADER_BYTES + header.extended_bytes, rows * columns * header.dtype.itemsize

            def read(numbers: Counts) -> Volume:
                images = np.empty((len(numbers), rows, columns), dtype=np.float32)
                runs = np.flatnonzero(np.diff(numbers, prepend=-2) != 1)  # where consecutive numbers begin
                for first, end in zip(runs, [*runs[1:], len(numbers)], strict=True):
                    offset = int(numbers[first]) * image_bytes
                    stream.seek(start + offset)
                    read_values(stream, images[first:end].reshape(-1), header, offset)
                if size is None and len(numbers) and numbers[-1] == header.file_shape[0] - 1:
                    stream.read(1)  # verifies the checksum
                return images if header.axis_order == (1, 2, 3) else images.transpose(0, 2, 1)

            yield read


class ImageSource(ABC):
    """Images that are read when they are needed."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """Number of images, rows and columns."""

    @abstractmethod
    def blocks(self, which: Counts) -> Iterator[tuple[Counts, Volume]]:
        """Read images given by their indices in blocks; yield their places in `which`, and the images."""


@dataclass(frozen=True, eq=False)
class StoredImages(ImageSource):
    """Images of one size in one or several files.

    Attributes
    ----------
    files : tuple of StackFile
        The files.
    file_of, number_of : ndarray of int64, shape (n,)
        File of each image, and its number there, from 0.
    """

    files: tuple[StackFile, ...]
    file_of: Counts
    number_of: Counts

    @classmethod
    def whole(cls, file: StackFile) -> StoredImages:
        """Return all images of a file."""
        count = file.shape[0]
        return cls((file,), np.zeros(count, dtype=np.int64), np.arange(count))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of images, rows and columns."""
        return len(self.file_of), *self.files[self.file_of[0]].shape[1:]

    def blocks(self, which: Counts) -> Iterator[tuple[Counts, Volume]]:
        """Read images given by their indices, file by file; yield their places in `which`, and the images."""
        most = images_per_block(self.shape)
        order = np.lexsort((self.number_of[which], self.file_of[which]))
        for places in np.split(order, np.flatnonzero(np.diff(self.file_of[which][order])) + 1):
            if not len(places):
                continue
            with self.files[self.file_of[which[places[0]]]].reader() as read:
                for start in range(0, len(places), most):
                    part = places[start : start + most]
                    # An image may be listed twice; it is read once, because a compressed file cannot go back.
                    numbers, again = np.unique(self.number_of[which[part]], return_inverse=True)
                    images = read(numbers)
                    yield part, images if len(numbers) == len(part) else images[again]


def outside_disc(shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Return the pixels outside the largest disc, or ellipse, of the images of a stack: background."""
    _, rows, columns = shape
    y, x = np.ogrid[: 2 * rows : 2, : 2 * columns : 2]
    return np.asarray(((y + 1) / rows - 1) ** 2 + ((x + 1) / columns - 1) ** 2 > 1)


def images_per_block(shape: tuple[int, int, int]) -> int:
    """Return how many images of a stack are in memory at once."""
    return max(1, _BLOCK_BYTES // (4 * shape[1] * shape[2]))
