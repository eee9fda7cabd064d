"""``botalign info``: the content of files of maps and atomic models."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import botalign
from botalign.cli.interruption import report_written
from botalign.cli.messages import print_error
from botalign.cli.options import Json, Overwrite
from botalign.cli.staging import Staging
from botalign.columns import columns
from botalign.errors import InputError, Setting
from botalign.files import json_text

if TYPE_CHECKING:
    from botalign import Model
    from botalign.maps import MapHeader, MapInfo

VOXEL_SIZE = Setting("voxel_size_angstrom")
_CHAINS_WIDTH = 71  # beside the labels, in a terminal of 80 columns
_KINDS = {0: "int8", 1: "int16", 2: "float32", 6: "uint16", 12: "float16"}


def info(
    maps: Annotated[list[Path], typer.Argument(metavar="MAP", help="The maps or atomic models.", show_default=False)],
    voxel_size: Annotated[
        str | None,
        typer.Option(
            metavar="A",
            help="Copy each map with this voxel size in its header; the densities do not change. The copy is written "
            "beside the map, or to the file of -o.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE|FOLDER", help="Write the copy there; a folder for several maps."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> int:
    """Print what files contain, or correct the voxel size of maps.

    Of a map: grid, origin, axis order, densities, and a contour level. Of an atomic model: atoms, chains, and extent.
    """
    if voxel_size is not None:
        return _correct(maps, voxel_size, output, overwrite=overwrite, json=json)
    if output is not None or overwrite:
        option = Setting("overwrite", True) if output is None else Setting("output")
        raise InputError(option, ": only a map with another voxel size is written; give ", VOXEL_SIZE, ".")
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


def _correct(maps: list[Path], text: str, output: str | None, *, overwrite: bool, json: bool) -> int:
    """Copy maps with another voxel size in their headers; write all or none."""
    from botalign.cli import outputs
    from botalign.maps import correct_voxel_size
    from botalign.maps.correction import VOXEL_SIZE as DECLARED
    from botalign.models import holds_model

    size = DECLARED.check(DECLARED.parse(text))
    if json:
        raise InputError(Setting("json", True), " cannot be combined with ", VOXEL_SIZE, ". Leave out one of the two.")
    for path in maps:
        if holds_model(path):
            raise InputError(f"{path}: got an atomic model, which has no voxel size; give maps only.")
        botalign.read_header(path)
    if output is None:
        paths = [outputs.beside(path, f"_{size:g}A", extensions=outputs.MAPS, option="--voxel-size") for path in maps]
    else:
        found = outputs.output_paths(output, maps, option="-o", extensions=outputs.MAPS, role="maps")
        paths = [each for each in found if each is not None]
    outputs.check(paths, inputs=maps, overwrite=overwrite)
    with report_written() as written, Staging(overwrite=overwrite, written=written) as staging:
        for path, target in zip(maps, paths, strict=True):
            correct_voxel_size(path, staging.path(target.path), size)
    for path, target in zip(maps, paths, strict=True):
        print(f"{path} -> {target.path}")
    return 0


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
    chains = textwrap.wrap(" ".join(name or "''" for name in model.chains), _CHAINS_WIDTH, break_long_words=False)
    return columns(
        [
            ("model", model.name),
            ("format", kind),
            ("atoms", f"{len(model.points)}"),
            *(("" if number else "chains", names) for number, names in enumerate(chains)),
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
