"""Results as text in columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from botalign.columns import columns, short_names

if TYPE_CHECKING:
    from botalign import Alignment
    from botalign.alignment.scale import Scale

_LABEL_CHARACTERS = 80


def alignments_table(alignments: Sequence[Alignment]) -> str:
    """Return a table with a header and one line for each alignment."""
    header = ("map", "rotation", "shift", "correlation", "FSC 0.5", "hand", "verdict", "chance", "seconds")
    names = short_names([each.moving.name for each in alignments])
    return columns([header, *map(_row, names, alignments)])


def _row(name: str, alignment: Alignment) -> tuple[str, ...]:
    from botalign.alignment.wording import resolution_text

    shift = float((alignment.shift_angstrom**2).sum() ** 0.5)
    in_part = alignment.part_correlation
    return (
        name,
        f"{alignment.angle_degrees:.2f} degrees",
        f"{shift:.2f} A",
        f"{alignment.before.correlation:z.4f} -> {alignment.after.correlation:z.4f}"
        + ("" if in_part is None else f" (edges {in_part:z.4f})"),
        resolution_text(alignment.after.fsc_resolution_angstrom),
        "not tested" if alignment.hand is None else alignment.hand.decision,
        alignment.verdict or "none",
        alignment.chance or "unknown",
        f"{alignment.seconds:.2f}",
    )


def mirror_advice(alignment: Alignment) -> str | None:
    """Return a note if the other hand fits better but was not used, else None."""
    if not alignment.other_hand_fits_better:
        return None
    if alignment.map_has_wrong_hand:
        name = alignment.fixed.name if alignment.moving.model else alignment.moving.name
        mirror = "" if alignment.moving.model else ", or run again with --hand auto"
        return f"{name} has the wrong hand; {flip_advice(name)}{mirror}."
    better = "without mirroring" if alignment.mirrored else "as its mirror image"
    return f"{alignment.moving.name} fits better {better}; to apply it, run again with --hand auto."


def flip_advice(name: str | Path) -> str:
    """Return how to use a map of the other hand, as a part of a sentence."""
    from botalign.files import split_extension
    from botalign.maps.writing import EXTENSIONS

    flipped = f"{split_extension(Path(name).name, EXTENSIONS)[0]}_flipped.mrc"
    return f"run `botalign flip {name} -o {flipped}`, and use {flipped} instead"


def scale_advice(alignment: Alignment) -> str | None:
    """Return a note if the scale of a map seems to be wrong and was not applied, else None."""
    scale = alignment.scale
    if scale is None or scale.applied or not scale.is_wrong:
        return None
    moving, fixed = alignment.moving, alignment.fixed
    name, factor = (fixed, 1 / scale.value) if moving.model else (moving, scale.value)
    size = name.grid.voxel_size_angstrom[0]
    is_scalable = not moving.model and alignment.part is None
    fit = ", or run again with --scale fit to scale the moving map" if is_scalable else ""
    return f"scale {scale.value:.4f}: {voxel_size_advice(name.name, factor * size)}{fit}."


def map_scale_advice(scale: Scale | None, name: Path, voxel_size_angstrom: float) -> str | None:
    """Return a note if parts show that the voxel size of a map is wrong, else None."""
    if scale is None or not scale.is_wrong:
        return None
    return f"scale {scale.value:.4f}: {voxel_size_advice(name, scale.value * voxel_size_angstrom)}."


def voxel_size_advice(name: str | Path, voxel_size_angstrom: float) -> str:
    """Return how to correct the voxel size of a map, as a part of a sentence."""
    command = f"botalign info {name} --voxel-size {voxel_size_angstrom:.4g}"
    return f"if the voxel size of {name} is wrong, correct it with `{command}`"


def missing_chains_warning(alignment: Alignment) -> str | None:
    """Return a warning of chains of a model that the map does not show, else None."""
    text = alignment.missing_chains_text
    if text is None:
        return None
    return f"{(alignment.moving if alignment.moving.model else alignment.fixed).name}: {text}."


def part_advice(alignment: Alignment) -> str | None:
    """Return a note on how to override that one map was taken for a part of the other, else None."""
    part = alignment.part
    if part is None or part.reason != "noticed":
        return None
    name = (alignment.moving if part.role == "moving" else alignment.fixed).name
    return f"{name} was taken for a part; if it is the whole molecule, run again with --whole."


def no_match_warning(alignment: Alignment, source: str, what: str = "what is written") -> str | None:
    """Return a warning that a result that was used is no match, else None.

    Parameters
    ----------
    alignment : Alignment
        The result.
    source : str
        Its file, or the name of the moving map.
    what : str, optional
        What was made with the transform.
    """
    if alignment.verdict != "no match":
        return None
    return f"{source}: the maps do not match, so {what} is probably in the wrong place."


def pose_warning(alignment: Alignment, source: str, *, candidate: int = 0, what: str = "what is written") -> str | None:
    """Return a warning that the pose of a result, or of another candidate, is probably wrong, else None.

    Parameters
    ----------
    alignment : Alignment
        The result.
    source : str
        Its file.
    candidate : int, optional
        The candidate that was used; 0 is the result.
    what : str, optional
        What was made with the transform.
    """
    if candidate and not (used := alignment.candidates[candidate]).as_good:
        mirrors = "mirrors and " if used.mirrored != alignment.mirrored else ""
        qualities = f"{alignment.quality_name} {used.quality:z.4f}, not {alignment.candidates[0].quality:z.4f}"
        return f"{source}: candidate {candidate} {mirrors}fits worse than the result ({qualities})."
    if alignment.part is None and alignment.other_hand_fits_better:
        return f"{source}: the maps match with the other hand only, so {what} is probably in the wrong place."
    return no_match_warning(alignment, source, what)


def chain_advice(alignment: Alignment) -> str | None:
    """Return a note on ``--chain`` if a model with several chains does not match, else None."""
    model = next((each for each in (alignment.moving, alignment.fixed) if each.model), None)
    if alignment.verdict != "no match" or model is None or len(model.chains) < 2:
        return None
    return several_chains(f"{model.name} has {len(model.chains)}", f"start with --chain {model.chains[0]}")


def several_chains(which: str, how: str) -> str:
    """Return a note on models with several chains that do not match, and how to use one of the chains."""
    return f"{which} chains; if the map shows only some of them, or another arrangement, place them separately: {how}."


def history(moving: str, fixed: str | None, *, note: str = "") -> str:
    """Return the label of a written map: program, version, date, and names of the maps.

    Long names are cut in the middle, so that the label fits into the header.
    """
    start = f"BOTalign {version('botalign')} {date.today().isoformat()} "
    names = [Path(name).name for name in (moving, fixed) if name is not None]
    free = _LABEL_CHARACTERS - len(start) - len(note) - (len(" onto ") if fixed else 0)
    names = [shortened(name, free // len(names)) for name in names]
    return start + " onto ".join(names) + note


def shortened(name: str, length: int) -> str:
    """Return a name, cut in the middle if it is longer than `length` characters."""
    half = (length - 2) // 2
    return name if len(name) <= length else f"{name[:half]}..{name[len(name) - half :]}"
