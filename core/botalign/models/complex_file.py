"""Several placed atomic models in one mmCIF file."""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from pathlib import Path

from botalign.arguments import expect_several
from botalign.arrays import Matrix
from botalign.errors import InputError, Setting, counted
from botalign.files import output_file
from botalign.models.merging import PlacedText, merged_models
from botalign.models.model import Model, expect_model
from botalign.models.writing import MMCIF_EXTENSIONS


def write_complex(
    path: str | os.PathLike[str],
    models: Sequence[Model],
    transforms: Sequence[Matrix],
    *,
    overwrite: bool = False,
) -> list[dict[str, str]]:
    """Write placed models as one mmCIF file, in which every chain has a different name.

    A chain keeps its name if no chain before it has the same one; the others get the first free letters. Identical
    chains share one entity.

    Parameters
    ----------
    path : path-like
        File to write: ``.cif`` or ``.mmcif``, optionally followed by ``.gz``.
    models : sequence of Model
        The models, at least one; a model that is placed several times is given several times.
    transforms : sequence of ndarray, shape (3, 4)
        The transform of each model.
    overwrite : bool, optional
        Whether to replace an existing file.

    Returns
    -------
    list of dict
        For each model, the new names of its chains by the old ones.

    Raises
    ------
    InputError
        If there are no models, or not one transform for each; if a model was not read from a file; if a transform is
        not rigid, or mirrors; or as :meth:`botalign.Model.write`.

    Warns
    -----
    ModelWarning
        If a file has several models, of which only the first one is written.

    See Also
    --------
    Assembly.write : Write the models of an assembly.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> line = "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C  "
    >>> _ = Path("one.pdb").write_text(line)
    >>> model = botalign.read_model("one.pdb")
    >>> shift = np.array([[1, 0, 0, 9], [0, 1, 0, 0], [0, 0, 1, 0]])
    >>> botalign.write_complex("two.cif", [model, model], [np.eye(3, 4), shift])
    [{'A': 'A'}, {'A': 'B'}]
    """
    given, poses = (
        expect_several(models, "models", "atomic models"),
        expect_several(transforms, "transforms", "transforms"),
    )
    if not given or len(given) != len(poses):
        found = f"{counted(len(given), 'model')} and {counted(len(poses), 'transform')}"
        raise InputError(
            Setting("transforms"), f": got {found}, expected at least one model, and one transform for each."
        )
    placed = []
    for model, transform in zip(given, poses, strict=True):
        expect_model(model, "models")
        if model.source is None:
            raise InputError(
                f"{model.name}: the model was not read from a file, so it cannot be written; use read_model."
            )
        placed.append(PlacedText(model.source, model.moved(transform).source_to_points, model.name))
    with output_file(path, overwrite=overwrite, extensions=MMCIF_EXTENSIONS) as temporary:
        text, names = merged_models(placed)
        packed = Path(path).suffix.lower() == ".gz"
        temporary.write_bytes(gzip.compress(text.content, mtime=0) if packed else text.content)
    return names
