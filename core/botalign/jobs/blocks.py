"""Running blocks of work on workers, with results that do not depend on the workers or on the order."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

from botalign.errors import InputError
from botalign.jobs.failures import is_transient
from botalign.jobs.store import BlockStore
from botalign.jobs.workers import Workers
from botalign.progress import Progress

#: Attempts at a block whose worker is lost, or that fails transiently.
ATTEMPTS = 4
#: Seconds before the second attempt at blocks that failed transiently; each further pause is longer by this factor.
PAUSE_SECONDS, PAUSE_FACTOR = 1.0, 4
#: Seconds after which the progress is reported again if no block has ended, so that the caller can cancel the work.
REPORT_SECONDS = 0.5
#: Submitted blocks for each block that can run at once: enough to keep all workers busy.
SUBMITTED_PER_WORKER = 2


def run_blocks(
    function: Callable[..., Any],
    blocks: Mapping[str, tuple[Any, ...]],
    *,
    workers: Workers,
    store: BlockStore | None = None,
    stage: str = "",
) -> Generator[Progress, None, dict[str, Any]]:
    """Call a function for each block and return all results.

    Closing the generator cancels the work: blocks that have not started are dropped, and running blocks are not waited
    for; :func:`.open_workers` cancels them. A block whose worker is lost is submitted again. So is one
    with a transient failure of :func:`.or_failure`, such as a lack of memory: when all others have ended, and after
    a pause. If it fails every time, its failure is returned, but not stored: when the work is resumed, it is retried.

    Parameters
    ----------
    function : callable
        Function to call. Other processes must be able to import it, and its result must depend on its arguments only.
        With a `store` it returns a dictionary of arrays.
    blocks : mapping
        Arguments of each block, by the name of the block. Values from :meth:`Workers.share` are replaced by the shared
        value.
    workers : Workers
        Workers that run the blocks.
    store : BlockStore, optional
        Store of the results. Blocks that it holds are not run.
    stage : str, optional
        Stage to report.

    Yields
    ------
    Progress
        At the start, with the number of blocks in the store, after each block, and at least every half second.

    Returns
    -------
    dict
        Results by the name of the block, in the order of `blocks`.

    Raises
    ------
    InputError
        If the workers of one block are lost several times.
    Exception
        The exception of `function`. Results of other blocks remain in the store.
    """
    results: dict[str, Any] = {}
    if store is not None:
        found = ((key, store.get(key)) for key in blocks)
        results = {key: arrays for key, arrays in found if arrays is not None}
    waiting = [key for key in blocks if key not in results]
    attempts = dict.fromkeys(waiting, 0)
    running: dict[Future[Any], tuple[str, Executor]] = {}
    retried: list[str] = []
    pause = PAUSE_SECONDS
    yield Progress(stage, len(results), len(blocks))
    try:
        while waiting or running or retried:
            if not waiting and not running:
                yield from _paused(pause, Progress(stage, len(results), len(blocks)))
                pause *= PAUSE_FACTOR
                waiting, retried = retried, []
            while waiting and len(running) < SUBMITTED_PER_WORKER * workers.count:
                key = waiting.pop(0)
                attempts[key] += 1
                submitted = workers.submit(function, blocks[key])
                running[submitted.future] = key, submitted.executor
            done, _ = wait(running, timeout=REPORT_SECONDS, return_when=FIRST_COMPLETED)
            if not done:
                yield Progress(stage, len(results), len(blocks))
            for future in sorted(done, key=lambda each: running[each][0]):
                key, executor = running.pop(future)
                error = _error_of(future)
                if error is not None:
                    if not workers.recover(error, executor):
                        raise error
                    if attempts[key] == ATTEMPTS:
                        raise InputError(
                            f"{ATTEMPTS} workers died on the same task (block {key}), probably because they ran out of "
                            'memory, or because a script uses processes outside `if __name__ == "__main__":`; use '
                            "fewer workers, or add this line."
                        ) from error
                    waiting.insert(0, key)
                    continue
                found = future.result()
                transient = is_transient(found)
                if transient and attempts[key] < ATTEMPTS:
                    retried.append(key)
                    continue
                results[key] = found
                if store is not None and not transient:
                    store.put(key, results[key])
                yield Progress(stage, len(results), len(blocks))
    finally:
        for future in running:
            future.cancel()
    return {key: results[key] for key in blocks}


def _paused(seconds: float, progress: Progress) -> Generator[Progress, None, None]:
    """Wait, and report the progress meanwhile, so that the caller can cancel the work."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, REPORT_SECONDS))
        yield progress


def _error_of(future: Future[Any]) -> BaseException | None:
    try:
        return future.exception()
    except BaseException as error:  # cancelled by a cluster that lost an argument of the block
        return error
