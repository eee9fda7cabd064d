"""Blocks of work, run by whoever is there, in any order, with results that depend on neither."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

from botalign.errors import InputError
from botalign.jobs.store import BlockStore
from botalign.jobs.workers import Workers
from botalign.progress import Progress

#: How often a block is begun whose worker is lost.
TRIES = 4
#: Blocks handed out at a time, for each that can be worked on at once: enough to keep all busy.
AHEAD = 2


def run_blocks(
    function: Callable[..., Any],
    blocks: Mapping[str, tuple[Any, ...]],
    *,
    workers: Workers,
    store: BlockStore | None = None,
    stage: str = "",
) -> Generator[Progress, None, dict[str, Any]]:
    """Call a function for each block and return all results.

    Closing the generator ends the work: blocks that were not begun are dropped, those under way are waited for, in
    threads, or left behind. A block whose worker is lost is begun again.

    Parameters
    ----------
    function : callable
        What to call. To be sent to other processes it must live in a module, and must not draw on anything but its
        arguments, so that it makes no difference who calls it. With a `store` it returns a dict of arrays.
    blocks : mapping
        The arguments of each block by the block's name. An argument made by :meth:`Workers.share` stands for its value.
    workers : Workers
        Who does it.
    store : BlockStore, optional
        Where results are kept; blocks found there are not done again.
    stage : str, optional
        Stage to report.

    Yields
    ------
    Progress
        At once, and after each block.

    Returns
    -------
    dict
        The results by the blocks' names, in the order of `blocks`.

    Raises
    ------
    InputError
        If one block's worker is lost again and again.
    Exception
        What `function` raised; what was done before is kept.
    """
    results: dict[str, Any] = {}
    if store is not None:
        found = ((key, store.get(key)) for key in blocks)
        results = {key: arrays for key, arrays in found if arrays is not None}
    kept = len(results)
    todo = [key for key in blocks if key not in results]
    tries = dict.fromkeys(todo, 0)
    running: dict[Future[Any], tuple[str, Executor]] = {}
    yield Progress(stage, kept, len(blocks), kept=kept)
    try:
        while todo or running:
            while todo and len(running) < AHEAD * workers.count:
                key = todo.pop(0)
                tries[key] += 1
                begun = workers.submit(function, blocks[key])
                running[begun.future] = key, begun.executor
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(ended, key=lambda each: running[each][0]):
                key, executor = running.pop(future)
                error = _error_of(future)
                if error is not None:
                    if not workers.recover(error, executor):
                        raise error
                    if tries[key] == TRIES:
                        raise InputError(
                            f"workers: {TRIES} were lost over one block of work ({key}), expected them to live; was "
                            "there too little memory? Use fewer at a time."
                        ) from error
                    todo.insert(0, key)
                    continue
                results[key] = future.result()
                if store is not None:
                    store.put(key, results[key])
                yield Progress(stage, len(results), len(blocks), kept=kept)
    finally:
        for future in running:
            future.cancel()
    return {key: results[key] for key in blocks}


def _error_of(future: Future[Any]) -> BaseException | None:
    try:
        return future.exception()
    except BaseException as error:  # cancelled by a cluster that lost what the block needs
        return error
