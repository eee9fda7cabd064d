"""``botalign align --copies``: place several copies of a part, and write them together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import botalign
from botalign.cli import inputs, outputs, running
from botalign.cli.declared import Given
from botalign.cli.messages import print_note, print_warning
from botalign.cli.outputs import Output
from botalign.cli.staging import Staging
from botalign.cli.tables import chain_advice, history, mirror_advice, missing_chains_warning
from botalign.errors import InputError, Setting
from botalign.files import split_extension
from botalign.models import MMCIF_EXTENSIONS, MODEL_EXTENSIONS, holds_model

if TYPE_CHECKING:
    from botalign.alignment.copy_records import Copies


@dataclass(frozen=True)
class CopiesRun:
    """The inputs and outputs of ``botalign align --copies``.

    Attributes
    ----------
    fixed, moving : Path
        The fixed map, and the part.
    chains : tuple of str or None
        Chains of the part.
    output, result : str or None
        Values of ``-o`` and ``--result``.
    table : Path or None
        Value of ``--table``.
    overwrite, quiet, json : bool
        Whether to replace files, hide the progress, and print the result as JSON.
    """

    fixed: Path
    moving: Path
    chains: tuple[str, ...] | None
    output: str | None
    result: str | None
    table: Path | None
    overwrite: bool
    quiet: bool
    json: bool

    def run(self, options: Given[botalign.AlignmentOptions]) -> int:
        """Place the copies, write them, and print the result; return the exit code: 1 if copies are missing."""
        inputs.check(self.fixed)
        inputs.check(self.moving, self.chains)
        first, result, table = self._outputs()
        wanted = [each for each in (first, *result, table) if each is not None]
        outputs.check(wanted, inputs=[self.fixed, self.moving, *options.files], overwrite=self.overwrite)
        chosen = options.read()
        outputs.check(
            self._numbered_outputs(first, chosen.copies),
            inputs=[self.fixed, self.moving, *options.files],
            overwrite=self.overwrite,
        )
        fixed, moving = inputs.load(self.fixed), inputs.load(self.moving, self.chains)
        steps = botalign.align_steps(fixed, moving, chosen)
        alignment = running.run_alignment(steps, self.moving.name, quiet=self.quiet)
        copies = alignment.copies
        assert copies is not None
        written: list[Path] = []
        with Staging(overwrite=self.overwrite, written=written) as staging:
            if first is not None:
                self._write(alignment, moving, first, staging, threads=chosen.threads)
            for each in result:
                if each is not None:
                    alignment.write(staging.path(each.path))
            if table is not None:
                _write_table(copies, self.moving, staging.path(table.path))
        self._report(alignment, written)
        missing = copies.missing_text(str(self.fixed))
        if missing is not None:
            print_warning(f"{self.moving}: {missing}.")
        return 0 if missing is None else 1

    def _outputs(self) -> tuple[Output | None, list[Output | None], Output | None]:
        """Return the file with all copies or the first of several, the result, and the table."""
        result = outputs.output_paths(self.result, [self.moving], option="--result", extensions=outputs.RESULTS)
        table = None if self.table is None else Output(self.table, "--table", outputs.TABLES)
        if self.output is None:
            return None, result, table
        path, folder = Path(self.output), outputs.is_folder(self.output)
        stem = split_extension(self.moving.name, outputs.MAPS + MODEL_EXTENSIONS)[0]
        if table is None and folder:
            table = Output(path / f"{stem}_copies.csv", "-o", outputs.TABLES, in_folder=True)
        if holds_model(self.moving):
            target = path / f"{stem}_copies.cif" if folder else path
            # A PDB file cannot name many chains.
            return Output(target, "-o", MMCIF_EXTENSIONS, in_folder=folder), result, table
        if not folder:
            raise InputError(
                f"{path}: got a file name, but -o needs a folder for the maps of all copies; give one, such as placed/."
            )
        return Output(_numbered(path, stem, 1), "-o", outputs.MAPS, in_folder=True), result, table

    def _numbered_outputs(self, first: Output | None, copies: int | str | None) -> list[Output]:
        """Return the files of the maps of the copies; if their number is not known, those that exist already."""
        if first is None or holds_model(self.moving):
            return []
        folder, stem = first.path.parent, split_extension(self.moving.name, outputs.MAPS)[0]
        if isinstance(copies, int):
            paths = [_numbered(folder, stem, number) for number in range(1, copies + 1)]
        else:
            pattern = re.compile(rf"{re.escape(stem)}_\d{{2,}}\.mrc")
            paths = sorted(path for path in folder.glob("*.mrc") if pattern.fullmatch(path.name))
        return [Output(path, "-o", outputs.MAPS, in_folder=True) for path in paths]

    def _write(
        self,
        alignment: botalign.Alignment,
        moving: botalign.DensityMap | botalign.Model,
        first: Output,
        staging: Staging,
        *,
        threads: int | None,
    ) -> None:
        """Write all copies: models as one file, maps on the grid of the fixed map."""
        from botalign.alignment.applying import write_moved_map

        assert alignment.copies is not None
        if isinstance(moving, botalign.Model):
            alignment.copies.write(staging.path(first.path), moving)
            return
        stem = split_extension(self.moving.name, outputs.MAPS)[0]
        for number, copy in enumerate(alignment.copies.placed, start=1):
            pose = copy.moving_to_fixed
            grid = moving.grid.containing(pose) if alignment.fixed.model else alignment.fixed.grid
            target = staging.path(_numbered(first.path.parent, stem, number))
            line = history(moving.name, alignment.fixed.name, note=f", copy {number}")
            write_moved_map(target, moving, pose, grid, history=line, threads=threads)

    def _report(self, alignment: botalign.Alignment, written: Sequence[Path]) -> None:
        """Print the result, and what was written."""
        if self.json:
            print(alignment.to_json())
            if (warning := missing_chains_warning(alignment)) is not None:  # the summary has it
                print_warning(warning)
            return
        print(alignment.to_text())
        if self.output is not None and alignment.copies is not None and alignment.copies.chains_text:
            from botalign.alignment.wording import chain_lines

            print("\n".join(chain_lines(alignment.copies.chains_text)))
        if written:
            several = len(written) > 4
            named = dict.fromkeys(str(path.parent if several else path) for path in written)
            print(f"written      {f'{len(written)} files in ' if several else ''}{', '.join(named)}")
        elif not self.quiet:
            print_note("nothing was written; -o writes the copies, --table their table, --result the result.")
        for advice in (mirror_advice(alignment), chain_advice(alignment)):
            if advice is not None and not self.quiet:
                print_note(advice)


def refuse_other_outputs(moving: Sequence[Path], given: dict[str, bool]) -> None:
    """Refuse several parts, and options that do not apply to several copies.

    Parameters
    ----------
    moving : sequence of Path
        The moving maps.
    given : dict of bool
        Whether each of these options was given.

    Raises
    ------
    InputError
        If there are several parts, or one of the options was given.
    """
    if len(moving) > 1:
        raise InputError(
            Setting("copies"), f": got {len(moving)} moving maps, expected one; `botalign assemble` places different "
            "parts together.",
        )  # fmt: skip
    for option, was_given in given.items():
        if was_given:
            raise InputError(option, " cannot be combined with ", Setting("copies"), "; omit one of them.")


def _numbered(folder: Path, stem: str, number: int) -> Path:
    return folder / f"{stem}_{number:02}.mrc"


def _write_table(copies: Copies, part: Path, path: Path) -> None:
    from botalign.complexes.writing import TableRow, write_table

    rows = [TableRow.of(copy, part.name, number) for number, copy in enumerate(copies.placed, start=1)]
    write_table(path, rows)
