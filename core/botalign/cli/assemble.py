"""``botalign assemble``: place several parts in the map of a complex, together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import botalign
from botalign.cli.declared import Given, with_options
from botalign.cli.messages import print_note, print_warning
from botalign.cli.options import Json, Overwrite, Quiet
from botalign.errors import InputError, SizeError

#: Longer lists of chains are cut.
_LISTED = 4


@with_options(botalign.AssemblyOptions)
@with_options(botalign.Execution, "execution")
def assemble(
    whole: Annotated[Path, typer.Argument(metavar="MAP", help="The map of the complex.", show_default=False)],
    parts: Annotated[
        list[str],
        typer.Argument(
            metavar="PART[:A,B][@N]",
            help="The parts, atomic models or maps; :A,B uses only these chains of a model, @N requests N copies.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="C.cif|FOLDER",
            help="Write the placed models as one mmCIF file; give a folder if a part is a map.",
        ),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="T.csv", help="Write a table of the places, one row for each part.")
    ] = None,
    unexplained: Annotated[
        Path | None, typer.Option(metavar="REST.mrc", help="Write the map minus the placed parts.")
    ] = None,
    *,
    options: Given[botalign.AssemblyOptions],
    execution: Given[botalign.Execution],
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Place several parts in the map of a complex, together.

    Parts whose best place may be due to chance are listed as not placed, and the exit code is 1. Finished searches are
    kept in a folder beside the output until all files are written. After an interruption, run the same command again to
    resume.
    """
    from botalign.cli import inputs, outputs
    from botalign.cli.assembly_run import AssemblyFiles, run_assembly
    from botalign.cli.part_arguments import check_parts, parsed_parts
    from botalign.cli.tables import flip_advice, map_scale_advice, several_chains
    from botalign.models import holds_model

    given = parsed_parts(parts)
    if holds_model(whole):
        raise InputError(f"{whole}: got an atomic model, expected the map of the complex.")
    inputs.check(whole)
    check_parts(given)
    files = AssemblyFiles.of([each.path for each in given], [each.count for each in given], output, table, unexplained)
    outputs.check(files.all, inputs=[whole, *(each.path for each in given)], overwrite=overwrite)
    chosen, where = options.read(), execution.read()
    density = botalign.read(whole)
    loaded = [each.load() for each in given]
    try:
        found = run_assembly(
            density, loaded, [each.count for each in given], chosen, where, files, overwrite=overwrite, quiet=quiet
        )
    except SizeError as error:
        part = next((each for each in loaded if str(error).startswith(f"{each.name}: ")), None)
        if (single := None if part is None else _single_chains(given[loaded.index(part)].path, part)) is None:
            raise
        raise InputError(*error.parts, f" To give single chains, write {single}.") from None
    print(found.assembly.to_json() if json else found.assembly.to_text())
    if not json:
        if found.written:
            print(f"written      {', '.join(map(str, found.written))}")
        if files.model is not None and files.model.path not in found.written:
            print(f"not written  {files.model.path}, because no model was placed")
        elif not found.written and not quiet:
            print_note("nothing was written; -o writes the complex, --table the places, --unexplained the residual.")
    for name, text in found.assembly.missing_chains if json else ():  # the summary has them
        print_warning(f"{name}: {text}.")
    advice = map_scale_advice(found.assembly.scale, whole, density.grid.voxel_size_angstrom[0])
    if advice is not None and not quiet:
        print_note(advice)
    if (unplaced := found.assembly.unplaced_text) is not None:  # the reasons are in the summary
        print_warning(f"{unplaced}.")
    for missing in found.assembly.unplaced if found.assembly.matches_mirrored is None else ():
        part = found.assembly.parts[missing.part]
        single = _single_chains(given[missing.part].path, part)
        if isinstance(part, botalign.Model) and single is not None and not missing.taken_by and not quiet:
            print_note(several_chains(f"{missing.name} has {len(part.chains)}", f"write {single}"))
    if (hint := found.assembly.wrong_hand_text) is not None and not quiet:
        print_note(f"{hint}; {flip_advice(whole)}.")
    return 1 if found.assembly.missing else 0


def _single_chains(file: Path, part: botalign.DensityMap | botalign.Model) -> str | None:
    """Return how the chains of a part are typed as parts, such as ``a.pdb:A a.pdb:B``; None if it has not several."""
    if not isinstance(part, botalign.Model) or len(part.chains) < 2:
        return None
    more = " and so on" if len(part.chains) > _LISTED else ""
    return " ".join(f"{file}:{chain}" for chain in part.chains[:_LISTED]) + more
