"""``botalign rank``: which of many atomic models are in a map, or which of many maps match it."""

from __future__ import annotations

import os
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import botalign
from botalign.cli.declared import Given, with_options
from botalign.cli.interruption import Interrupted
from botalign.cli.long_work import run_steps
from botalign.cli.messages import print_error, print_note
from botalign.cli.options import Json, Overwrite, Quiet
from botalign.cli.tables import flip_advice, map_scale_advice, several_chains
from botalign.errors import InputError, counted
from botalign.files import no_such_file
from botalign.progress import map_steps

if TYPE_CHECKING:
    from botalign.jobs import BlockStore
    from botalign.progress import Progress

#: More models or maps than this are compared by processes: threads start faster, but compete for the GIL.
_MOST_FOR_THREADS = 4
#: Name under which the work folder keeps the state of a table without the items that failed transiently.
_TABLE = "table"
_STAGES = {"models": "models", "mirrored": "mirror images", "signatures": "signatures", "maps": "alignments"}


@with_options(botalign.RankOptions)
@with_options(botalign.Execution, "execution")
def rank(
    fixed: Annotated[Path, typer.Argument(metavar="FIXED", help="The map to compare with.", show_default=False)],
    others: Annotated[
        list[Path], typer.Argument(metavar="OTHER", help="The atomic models, or the maps.", show_default=False)
    ],
    table: Annotated[
        Path | None,
        typer.Option(metavar="T.csv", help="Write verdicts, scores and transforms, one row for each model or map."),
    ] = None,
    chain: Annotated[
        list[str] | None,
        typer.Option(metavar="A,B", help="Use only these chains of each model; a model that lacks one fails."),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            metavar="I.npz",
            help="Index of the signatures of the maps. With it, the next run reads only new maps and those that it "
            "aligns. Created if it is missing.",
        ),
    ] = None,
    *,
    options: Given[botalign.RankOptions],
    execution: Given[botalign.Execution],
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Find which of many atomic models are in a map, or which of many maps match it. The best are listed first.

    Each model is placed as a part of the map; --resolution, the resolution of the map, is required. Maps are aligned
    only if their rotation-invariant signatures are similar to that of the map. All probabilities are corrected for the
    number of models or maps. Models or maps that cannot be read or compared are listed, and the exit code is then 1.

    With --table, finished results are kept in the folder T.csv.partial. After an interruption, or if a failure is
    transient, such as a lack of memory, run the same command again to resume.

    With more than 4 models or maps, one process per core is used, unless --threads, --processes or --scheduler is
    given.
    """
    from botalign.cli import inputs, outputs
    from botalign.models import holds_model
    from botalign.ranking.index import MapIndex

    if holds_model(fixed):
        raise InputError(f"{fixed}: got an atomic model, expected the map to compare with.")
    if not any(each.exists() for each in others):  # some of many may be missing: they are listed
        raise no_such_file(others[0])
    chosen, where = options.read(), _execution(len(others), execution.read())
    partial = None if table is None else table.with_name(f"{table.name}.partial")
    incomplete = table is not None and partial is not None and _is_incomplete(table, partial)
    written = None if table is None else outputs.Output(table, "--table", outputs.TABLES, replaceable=incomplete)
    outputs.check((written,), inputs=[fixed, *others, *([] if index is None else [index])], overwrite=overwrite)
    chains = inputs.chains_of(chain, *others)
    if index is not None:
        MapIndex.for_files(index, others)
    density_map = botalign.read(fixed)
    has_results = partial is not None and partial.exists()

    def note(step: Progress) -> Progress:
        nonlocal has_results
        has_results = has_results or step.done > 0
        return step

    with _store(partial, density_map, others, chosen, chains) as store:
        try:
            steps = botalign.rank_steps(density_map, others, chosen, where, chains=chains, index=index, store=store)
            ranking = run_steps(map_steps(steps, note), lambda step: _STAGES[step.stage], quiet=quiet)
            if table is not None:
                ranking.write(table, overwrite=overwrite or incomplete)
        except KeyboardInterrupt:
            if store is not None and not has_results:
                store.remove()
            raise Interrupted(_interruption(partial if has_results else None, index)) from None
        except InputError:
            if store is not None and not has_results:
                store.remove()
            raise
        if store is not None and table is not None:
            if any(each.is_transient for each in ranking.failures):
                _note_incomplete(table, store)
            else:
                store.remove()
    _warn_of_files(ranking)
    print(ranking.to_json() if json else ranking.to_text())
    if not json:
        if table is not None:
            print(f"written      {table}")
        elif not quiet:
            print_note("no table was written; --table writes verdicts, scores and transforms.")
    advice = map_scale_advice(ranking.scale, fixed, ranking.voxel_size_angstrom)
    if advice is not None and not quiet:
        print_note(advice)
    for failure in ranking.failures:
        print_error(f"{failure.name}: {failure.reason}")
    if (advice := _hand_advice(ranking, fixed) or _chain_advice(ranking)) is not None and not quiet:
        print_note(advice)
    transient = sum(each.is_transient for each in ranking.failures)
    if transient:
        print_note(_retry(transient, partial))
    return 1 if ranking.failures else 0


def _hand_advice(ranking: botalign.Ranking, fixed: Path) -> str | None:
    """Return a note if the map may have the wrong hand, else None."""
    hint = ranking.wrong_hand_text
    return None if hint is None else f"{hint}; {flip_advice(fixed)}."


def _chain_advice(ranking: botalign.Ranking) -> str | None:
    """Return a note on ``--chain`` if models with several chains do not match, else None."""
    matches = ranking.matches
    several = [each for each in ranking.entries if len(each.chains) > 1 and each not in matches]
    if not several:
        return None
    first, count = several[0], len(several)
    if len(ranking.entries) + len(ranking.failures) == 1:
        return several_chains(f"{first.name} has {len(first.chains)}", f"start with --chain {first.chains[0]}")
    which = f"{first.name} has {len(first.chains)}" if count == 1 else f"{count} models that do not match have several"
    return several_chains(which, f"rank {'it' if count == 1 else 'them'} again with --chain {first.chains[0]}")


def _warn_of_files(ranking: botalign.Ranking) -> None:
    """Print the warnings about the files, unless one was printed already, as that about the map itself."""
    entries: tuple[botalign.RankedEntry | botalign.FailedEntry, ...] = (*ranking.entries, *ranking.failures)
    for entry in entries:
        for text in entry.warnings:
            warnings.warn(f"{entry.name}: {text}", stacklevel=2)


def _store(
    partial: Path | None,
    density_map: botalign.DensityMap,
    others: list[Path],
    options: botalign.RankOptions,
    chains: tuple[str, ...] | None,
) -> AbstractContextManager[BlockStore | None]:
    """Return the open work folder, or None without a table."""
    from botalign.jobs import BlockStore
    from botalign.ranking.rank import description

    if partial is None:
        return nullcontext()
    return BlockStore(partial, description(density_map, others, options, chains=chains))


def _note_incomplete(table: Path, store: BlockStore) -> None:
    """Keep the state of a table from a run with transient failures, so that the next run may replace it."""
    import numpy as np

    from botalign.ranking.items import file_state

    store.put(_TABLE, {"state": np.array(file_state(table))})


def _is_incomplete(table: Path, partial: Path) -> bool:
    """Return whether a table was written by a run with transient failures, and has not been changed since."""
    from botalign.jobs import read_block
    from botalign.ranking.items import file_state

    kept = read_block(partial, _TABLE)
    return kept is not None and tuple(kept["state"].tolist()) == file_state(table)


def _retry(count: int, partial: Path | None) -> str:
    """Return a sentence about transient failures, and what the run has kept."""
    kept = "" if partial is None else f"; the other results are kept in {partial}"
    them = "it" if count == 1 else "them"
    return (
        f"{counted(count, 'failure is', 'failures are')} transient{kept}; run the same command again to retry {them}."
    )


def _interruption(partial: Path | None, index: Path | None) -> str:
    """Return a sentence about what an interrupted run has kept."""
    if partial is not None:
        return f"interrupted; finished results are kept in {partial}; run the same command again to resume."
    if index is not None and index.exists():
        return f"interrupted; the maps that were read are in {index}; run the same command again to resume."
    return "interrupted, nothing was written."


def _execution(count: int, given: botalign.Execution) -> botalign.Execution:
    """Return the given execution, or one process per core if none was given and there are many comparisons."""
    cores = os.cpu_count() or 1
    many = count > _MOST_FOR_THREADS and cores > 1
    return botalign.Execution(processes=cores) if many and given == botalign.Execution() else given
