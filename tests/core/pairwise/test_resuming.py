import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.progress import exhaust

from .conftest import QUICK, Family

SCRIPT = """
    import sys
    from pathlib import Path
    import botalign

    folder = Path(sys.argv[1])
    maps = sorted(folder.glob("*.mrc"))
    over = sys.argv[2] == "over"
    given = {"over_rotations": True, "landmarks": 2, "size": 20, "evaluations": 60, "metric": "l2"} if over else {}
    execution = botalign.Execution(threads=2, work=folder / "work")
    steps = botalign.distance_steps(maps, botalign.DistanceOptions(**given), execution)
    try:
        while True:
            step = next(steps)
            print(step.stage, step.done, step.total, flush=True)
    except StopIteration as end:
        end.value.write(folder / "D.zarr")
"""


@pytest.fixture
def maps(six: Family, tmp_path: Path) -> Path:
    for number, each in enumerate(six.maps):
        each.write(tmp_path / f"{number}.mrc")
    return tmp_path


def run(folder: Path, kind: str, *, kill_at: str | None = None) -> list[str]:
    """Run the script to its end, or kill it in a stage; return the lines that it printed."""
    lines = []
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), kind], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.strip())
            stage, done, *_ = line.split()
            if stage == kill_at and int(done) > 0:
                process.send_signal(signal.SIGKILL)
                break
        code = process.wait()
    assert code == (0 if kill_at is None else -signal.SIGKILL)
    return lines


@pytest.mark.slow
def test_a_killed_run_is_resumed_with_the_same_result(maps: Path) -> None:
    run(maps, "over", kill_at="read")
    run(maps, "over", kill_at="landmarks")
    done = {path.name: path.stat().st_mtime_ns for path in (maps / "work").glob("[!.]*.npz")}
    assert any(name.startswith("search") for name in done)
    lines = run(maps, "over")
    assert lines[0] == "read 6 6"
    kept = int(next(line for line in lines if line.startswith("landmarks")).split()[1])
    assert kept == sum(name.startswith("search") for name in done)
    assert {name: (maps / "work" / name).stat().st_mtime_ns for name in done} == done
    found = botalign.read_distances(maps / "D.zarr")
    expected = botalign.distances(sorted(maps.glob("*.mrc")), metric="l2", over_rotations=True, landmarks=2, **QUICK)
    np.testing.assert_array_equal(found.distances, expected.distances)
    np.testing.assert_array_equal(found.transforms, expected.transforms)


def test_vectors_of_an_earlier_run_are_reused(maps: Path) -> None:
    given = sorted(maps.glob("*.mrc"))
    steps = botalign.distance_steps(given, execution=botalign.Execution(work=maps / "work"))
    while next(steps).stage == "read":
        pass
    steps.close()
    before = (maps / "work" / "vectors.npy").stat().st_mtime_ns
    table = botalign.distances(given, work=maps / "work")
    assert (maps / "work" / "vectors.npy").stat().st_mtime_ns == before
    np.testing.assert_array_equal(table.distances, botalign.distances(given).distances)
    # Without the file, the records of its content must be ignored.
    (maps / "work" / "vectors.npy").unlink()
    for noted in (maps / "work").glob("pairs*"):
        noted.unlink()
    np.testing.assert_array_equal(botalign.distances(given, work=maps / "work").distances, table.distances)


def test_other_work_is_not_resumed(maps: Path) -> None:
    given = sorted(maps.glob("*.mrc"))
    botalign.distances(given, work=maps / "work")
    with pytest.raises(botalign.InputError, match=r"differs from this run \(scales was \w+ and is 2 now\)"):
        botalign.distances(given, work=maps / "work", scales=2)
    os.utime(given[0], ns=(0, time.time_ns()))
    with pytest.raises(
        botalign.InputError, match=f"differs from this run .{re.escape(str(given[0]))} has changed.; repeat"
    ):
        botalign.distances(given, work=maps / "work")


def test_maps_of_the_same_names_sizes_and_times_are_distinguished(
    six: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, chosen in (("a", six.maps[:2]), ("b", six.maps[2:4])):
        (tmp_path / folder).mkdir()
        for name, each in zip(("1.mrc", "2.mrc"), chosen, strict=True):
            each.write(tmp_path / folder / name)
            os.utime(tmp_path / folder / name, ns=(0, 0))
    monkeypatch.chdir(tmp_path / "a")
    botalign.distances(["1.mrc", "2.mrc"], work=tmp_path / "work")
    monkeypatch.chdir(tmp_path / "b")
    with pytest.raises(
        botalign.InputError, match=r"b.1\.mrc was added, .*b.2\.mrc was added, .*a.1\.mrc was left out, "
    ):
        botalign.distances(["1.mrc", "2.mrc"], work=tmp_path / "work")
    for name in ("1.mrc", "2.mrc"):  # also at the same path
        (tmp_path / "b" / name).replace(tmp_path / "a" / name)
    monkeypatch.chdir(tmp_path / "a")
    with pytest.raises(botalign.InputError, match=r"a.1\.mrc has changed, .*a.2\.mrc has changed\)"):
        botalign.distances(["1.mrc", "2.mrc"], work=tmp_path / "work")


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker(cluster: Any, six: Family) -> None:
    options: dict[str, Any] = {"metric": "l2", "over_rotations": True, "landmarks": 2, **QUICK}
    execution = botalign.Execution(scheduler=cluster.scheduler_address)
    steps = botalign.distance_steps(six.maps, botalign.DistanceOptions(**options), execution)
    step = next(steps)
    while (step.stage, step.done) != ("landmarks", 1):
        step = next(steps)
    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
    table = exhaust(steps)
    expected = botalign.distances(six.maps, **options)
    np.testing.assert_array_equal(table.distances, expected.distances)
    np.testing.assert_array_equal(table.transforms, expected.transforms)
