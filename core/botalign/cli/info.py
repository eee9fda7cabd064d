"""``botalign info``: the content of files of maps and atomic models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import botalign
from botalign.cli.messages import print_error
from botalign.cli.options import Json
from botalign.cli.tables import columns
from botalign.errors import InputError
from botalign.files import json_text

if TYPE_CHECKING:
    from botalign import Model
    from botalign.maps import MapHeader, MapInfo

_KINDS = {0: "int8", 1: "int16", 2: "float32", 6: "uint16", 12: "float16"}


def info(
    maps: Annotated[list[Path], typer.Argument(metavar="MAP", help="The maps or atomic models.", show_default=False)],
    json: Json = False,
) -> int:
    """Print what files contain.

    Of a map: grid, origin, axis order, densities, and a contour level. Of an atomic model: atoms, chains, and extent.
    """
    blocks: list[str] = []
    failures: list[InputError] = []
    for path in maps:
        try:
            blocks.append(_block(path, json=json))
        except InputError as error:
            failures.append(error)
        else:
            if not json:
                print("\n" * (len(blocks) > 1) + blocks[-1])  # now: reading the next map may take long
    if blocks and json:
        print(f"[{', '.join(blocks)}]" if len(maps) > 1 else blocks[0])
    for failure in failures:
        print_error(failure)
    return 2 if failures else 0


def _block(path: Path, *, json: bool) -> str:
    """Return the text for one map or model."""
    from botalign.maps import describe
    from botalign.models import holds_model

    if holds_model(path):
        return _model_block(botalign.read_model(path), json=json)
    header = botalign.read_header(path)
    density_map = botalign.read(path)
    facts = describe(density_map)
    level = botalign.contour_level(density_map) if facts.maximum > facts.minimum else None
    if json:
        return json_text(_as_dict(header, facts, level))
    above = None if level is None else float((density_map.data > level).mean())
    return columns(_rows(header, facts, level, above))


def _rows(header: MapHeader, facts: MapInfo, level: float | None, above: float | None) -> list[tuple[str, str]]:
    grid = facts.grid
    packed = "" if header.compression is None else f", {header.compression}"
    contour = "none: all densities are equal"
    if level is not None and above is not None:
        contour = f"{level:.4g} suggested; {100 * above:.3g}% of the voxels are above"
    labels = [("label" if i == 0 else "", label) for i, label in enumerate(facts.labels)]
    return [
        ("map", facts.name),
        ("format", f"mode {header.mode} ({_KINDS[header.mode]}){packed}"),
        ("voxels", " x ".join(f"{n}" for n in reversed(grid.shape))),
        ("voxel size", f"{_numbers(grid.voxel_size_angstrom, ' x ')} A"),
        ("box", f"{_numbers(facts.size_angstrom, ' x ')} A"),
        ("origin", f"({_numbers(grid.origin_angstrom, ', ')}) A (field {header.origin_from})"),
        ("axis order", ", ".join(map(str, header.axis_order))),
        ("densities", f"{facts.minimum:.4g} to {facts.maximum:.4g}"),
        ("mean", f"{facts.mean:.4g}, standard deviation {facts.standard_deviation:.4g}"),
        ("zero density", f"{100 * facts.zero_fraction:.3g}% of the voxels"),
        ("contour level", contour),
        *labels,
    ]


def _model_block(model: Model, *, json: bool) -> str:
    """Return the text for one model."""
    low, high = model.points.min(axis=0).tolist(), model.points.max(axis=0).tolist()
    size = [b - a for a, b in zip(low, high, strict=True)]
    kind = "" if model.source is None else model.source.format
    if json:
        content = {"name": model.name, "format": kind, "atoms": len(model.points), "chains": model.chains}
        return json_text(content | {"lowest_angstrom": low, "highest_angstrom": high, "size_angstrom": size})
    between = (f"({', '.join(f'{value:.1f}' for value in values)})" for values in (low, high))
    return columns(
        [
            ("model", model.name),
            ("format", kind),
            ("atoms", f"{len(model.points)}"),
            ("chains", " ".join(name or "''" for name in model.chains)),
            ("extent", f"{' to '.join(between)} A"),
            ("size", f"{' x '.join(f'{side:.1f}' for side in size)} A"),
        ]
    )


def _numbers(values: tuple[float, ...], between: str) -> str:
    return between.join(f"{value:.6g}" for value in values)


def _as_dict(header: MapHeader, facts: MapInfo, level: float | None) -> dict[str, Any]:
    return {
        "name": facts.name,
        "mode": header.mode,
        "compression": header.compression,
        "shape": facts.grid.shape,
        "voxel_size_angstrom": facts.grid.voxel_size_angstrom,
        "size_angstrom": facts.size_angstrom,
        "origin_angstrom": facts.grid.origin_angstrom,
        "origin_from": header.origin_from,
        "axis_order": header.axis_order,
        "minimum": facts.minimum,
        "maximum": facts.maximum,
        "mean": facts.mean,
        "standard_deviation": facts.standard_deviation,
        "zero_fraction": facts.zero_fraction,
        "contour_level": level,
        "labels": facts.labels,
        "remarks": header.remarks,
    }
