"""Maps and stacks of images, which have the same file format, distinguished by extension and header."""

from __future__ import annotations

from typing import Any, Literal

from botalign.errors import InputError

#: What a file holds: maps and stacks of images have the same format.
Content = Literal["map", "images"]
MOST_VOXELS_PER_SIDE = 65535  # ChimeraX also assumes the other byte order if a side is longer


def holds_images(
    fields: Any, column_row_section: list[int], name: str, expected: Content | None, remarks: list[str]
) -> bool:
    """Return whether a file holds images, which have the same format as a map; refuse what is not expected.

    By the standard, space group 0 means a stack. But Chimera writes it for every map, so it is not enough.
    """
    columns, rows, sections = column_row_section
    space_group, mx, mz = (int(fields[f]) for f in ("ispg", "mx", "mz"))
    certain = _certainly_images(column_row_section, name)
    by_header = space_group == 0 and mz == 1 < mx
    cubic = columns == rows == sections
    if certain is not None or (by_header and not (cubic and expected == "map")):
        if expected == "map":
            by_header_text = (
                f"got {sections} images, not a map, according to its header; give the map, or add :mrc to the name "
                "if it is one."
            )
            raise InputError(f"{name}: {certain or by_header_text}")
        return True
    if 401 <= space_group <= 630 and 0 < mz < sections:
        raise InputError(f"{name}: got {sections // mz} maps, expected one; split the file.")
    square = columns == rows != sections
    if expected == "images":
        if not square:
            raise InputError(f"{name}: got a map, expected images; if it is a stack, rename it to .mrcs.")
        remarks.append(f"may be a map according to its header, assumed a stack of {sections} images")
        return True
    has_origin = any(fields[f] for f in ("nxstart", "nystart", "nzstart")) or any(fields["origin"].item())
    if by_header or (space_group == 0 and square and not has_origin):
        remarks.append(f"may be a stack of {sections} images according to its header, assumed a map")
    return False


def _certainly_images(column_row_section: list[int], name: str) -> str | None:
    """Return why a file cannot hold a map, as a message, or None if it can."""
    columns, rows, sections = column_row_section
    if min(column_row_section) == 1:
        return f"got an image ({columns} x {rows} x {sections}), expected a map; give the map."
    if name.lower().removesuffix(".gz").removesuffix(".bz2").endswith(".mrcs"):
        return f"got {sections} images, not a map, according to its extension; if it is a map, rename it to .mrc."
    if sections > MOST_VOXELS_PER_SIDE:
        return f"got {sections} images, not a map; give the map."
    return None
