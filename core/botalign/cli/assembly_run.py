"""An assembly with a progress bar: its files, its work folder, and what it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import botalign
from botalign.alignment.applying import write_moved_map
from botalign.cli import outputs
from botalign.cli.interruption import Interrupted
from botalign.cli.long_work import run_steps
from botalign.cli.outputs import Output
from botalign.cli.staging import Staging
from botalign.cli.tables import history
from botalign.complexes.assembly import description
from botalign.errors import InputError
from botalign.files import split_extension
from botalign.jobs import BlockStore, block_names
from botalign.models import MMCIF_EXTENSIONS, holds_model

_COMPLEX, _TABLE = "complex.cif", "places.csv"


@dataclass(frozen=True)
class AssemblyFiles:
    """The files that an assembly writes.

    Attributes
    ----------
    model : Output or None
        The placed models, as one model.
    maps : dict of Output
        The placed maps. The keys are the index of the part and the number of the copy.
    table, rest : Output or None
        The table, and the remaining density.
    work : Path or None
        Folder that keeps finished searches until all files are written.
    """

    model: Output | None
    maps: dict[tuple[int, int], Output]
    table: Output | None
    rest: Output | None
    work: Path | None

    @classmethod
    def of(
        cls, parts: Sequence[Path], counts: Sequence[int], output: str | None, table: Path | None, rest: Path | None
    ) -> AssemblyFiles:
        """Return the files that the options ask for.

        Raises
        ------
        InputError
            If a folder is needed, or two placed maps would have the same file name.
        """
        own_table = None if table is None else Output(table, "--table", outputs.TABLES)
        own_rest = None if rest is None else Output(rest, "--unexplained", outputs.MAPS)
        if output is None:
            return cls(None, {}, own_table, own_rest, None)
        path, models = Path(output), [holds_model(part) for part in parts]
        whole_path = path.resolve()  # "." has no name
        work = whole_path.parent / f"{whole_path.name}.partial"
        if not outputs.is_folder(output):
            if not all(models):
                raise InputError(
                    f"{path}: got a file name, but -o needs a folder for the placed maps; give one, such as placed/."
                )
            return cls(Output(path, "-o", MMCIF_EXTENSIONS), {}, own_table, own_rest, work)
        model = Output(path / _COMPLEX, "-o", MMCIF_EXTENSIONS, in_folder=True) if any(models) else None
        own_table = own_table or Output(path / _TABLE, "-o", outputs.TABLES, in_folder=True)
        names = {
            (index, copy): _map_name(part, copy, count)
            for index, (part, count, is_model) in enumerate(zip(parts, counts, models, strict=True))
            for copy in range(1, count + 1)
            if not is_model
        }
        twice = [name for name, times in Counter(names.values()).items() if times > 1]
        if twice:
            raise InputError(f"-o: two of the placed maps would be written as {twice[0]}; rename one of the files.")
        maps = {key: Output(path / name, "-o", outputs.MAPS, in_folder=True) for key, name in names.items()}
        return cls(model, maps, own_table, own_rest, work)

    @property
    def all(self) -> list[Output | None]:
        """All files."""
        return [self.model, *self.maps.values(), self.table, self.rest]


@dataclass(frozen=True, eq=False)
class WrittenAssembly:
    """An assembly, and the files that were written."""

    assembly: botalign.Assembly
    written: list[Path]


def run_assembly(
    whole: botalign.DensityMap,
    parts: Sequence[botalign.DensityMap | botalign.Model],
    counts: Sequence[int],
    options: botalign.AssemblyOptions,
    execution: botalign.Execution,
    files: AssemblyFiles,
    *,
    overwrite: bool,
    quiet: bool,
) -> WrittenAssembly:
    """Place parts, and write the files. Finished searches are kept until then.

    Raises
    ------
    InputError
        If the input cannot be used, or a file cannot be written.
    Interrupted
        After Ctrl-C; the same command resumes the work.
    """
    if files.work is None:
        return _written(_assembled(whole, parts, counts, options, execution, None, quiet=quiet), files, overwrite)
    with BlockStore(files.work, description(whole, parts, counts, options)) as store:
        try:
            assembly = _assembled(whole, parts, counts, options, execution, store, quiet=quiet)
            found = _written(assembly, files, overwrite)
        except KeyboardInterrupt:
            if not block_names(files.work):
                store.remove()
                raise
            raise Interrupted(
                f"interrupted; finished searches are kept in {files.work}; run the same command again to resume."
            ) from None
        except InputError:
            if not block_names(files.work):
                store.remove()
            raise
        store.remove()
    return found


def _assembled(
    whole: botalign.DensityMap,
    parts: Sequence[botalign.DensityMap | botalign.Model],
    counts: Sequence[int],
    options: botalign.AssemblyOptions,
    execution: botalign.Execution,
    store: BlockStore | None,
    *,
    quiet: bool,
) -> botalign.Assembly:
    steps = botalign.assemble_steps(whole, parts, options, execution, counts=counts, store=store)
    return run_steps(steps, lambda step: step.label, quiet=quiet)


def _written(assembly: botalign.Assembly, files: AssemblyFiles, overwrite: bool) -> WrittenAssembly:
    """Write the placed parts, the table, and the remaining density."""
    written: list[Path] = []
    has_model = any(isinstance(assembly.parts[each.part], botalign.Model) for each in assembly.placed)
    with Staging(overwrite=overwrite, written=written) as staging:
        if files.model is not None and has_model:
            assembly.write(staging.path(files.model.path))
        for each in assembly.placed:
            part, target = assembly.parts[each.part], files.maps.get((each.part, each.copy))
            if target is not None and isinstance(part, botalign.DensityMap):
                write_moved_map(staging.path(target.path), part, each.moving_to_fixed, assembly.rest.grid)
        if files.table is not None:
            assembly.write_table(staging.path(files.table.path))
        if files.rest is not None:
            note = ", without the placed parts"
            assembly.rest.write(staging.path(files.rest.path), history=history(assembly.whole, None, note=note))
    return WrittenAssembly(assembly, written)


def _map_name(part: Path, copy: int, count: int) -> str:
    """Return the file name of a placed map."""
    stem = split_extension(part.name, outputs.MAPS)[0]
    return f"{stem}_{copy:02}.mrc" if count > 1 else f"{stem}.mrc"
