import html
import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign

from .conftest import Run, listing
from .test_interruptions import in_terminal, read_until

starfile = pytest.importorskip("starfile", reason="starfile is not installed (pip install starfile)")

QUICK = ("-k", "3", "--rotations", "24", "--seed", "4")
SLOW = ("-k", "3", "--rotations", "90", "--seed", "2", "--shift", "3", "--threads", "1")
FILES = ["averages.mrcs", "course.png", "gallery.png", "images.star", "summary.json"]


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty noisy projections."""
    path = tmp_path_factory.mktemp("images") / "images.mrcs"
    phantom = botalign.phantom(24, voxel_size_angstrom=5.0)
    botalign.projections(phantom, 30, snr=2.0, seed=1).stack.write(path)
    return path


def test_it_writes_averages_list_and_pictures(run: Run, images: Path, tmp_path: Path) -> None:
    folder = tmp_path / "classes"
    ran = run("classify", images, "-o", folder, *QUICK)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(listing(folder)) == FILES
    found = botalign.classify(botalign.read_stack(images), 3, rotations=24, seed=4)
    np.testing.assert_array_equal(botalign.read_stack(folder / "averages.mrcs").images, found.averages.images)
    table = starfile.read(folder / "images.star")["particles"]
    np.testing.assert_array_equal(table["rlnClassNumber"], found.labels + 1)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["sizes"] == found.sizes.tolist()
    assert summary["resolutions_angstrom"] == [x if np.isfinite(x) else None for x in found.resolutions_angstrom]
    assert "resolution   " in ran.out
    assert "size         24 x 24 pixels of 5 A\n" in ran.out
    assert summary["options"]["scales"] == 3
    assert summary["options"] | {"rotations": 24, "classes": 3, "seed": 4} == summary["options"]
    assert [each["loss"] for each in summary["iterations"]] == [each.loss for each in found.iterations]
    assert "30 in 3 classes" in ran.out
    assert f"{found.loss:.6g}" in ran.out
    # What it writes can be classified again, and nothing is replaced unasked.
    assert run("classify", folder / "images.star", "-o", tmp_path / "again", *QUICK, "--metric", "l2").code == 0
    assert "averages.mrcs: the file exists" in run("classify", images, "-o", folder, *QUICK).refused()
    quiet = run("classify", images, "-o", folder, *QUICK, "--overwrite", "--quiet")
    assert (quiet.code, quiet.err) == (0, "")
    assert f"{found.loss:.6g}" in quiet.out
    assert "written" not in quiet.out


def test_a_list_is_returned_in_its_format(run: Run, images: Path, tmp_path: Path) -> None:
    stack = botalign.read_stack(images)
    project = tmp_path / "project"
    project.mkdir()
    stack.write(project / "a.mrcs")
    (project / "a.mrcs").rename(project / "particles.mrc")
    star = b"# by M\xfcller\n\ndata_\nloop_\n_rlnImageName\n_rlnDetectorPixelSize\n_rlnMagnification\n_rlnDefocusU\n"
    star += b"".join(b"%06d@particles.mrc 5 1e4  009\n" % number for number in range(1, 31))
    (project / "list.star").write_bytes(star)
    assert run("classify", project / "list.star", "-o", tmp_path / "star", *QUICK).code == 0
    written = (tmp_path / "star" / "images.star").read_bytes()
    assert written.startswith(b"# by M\xfcller\n\ndata_\nloop_\n_rlnImageName\n")
    assert written.count(b"@particles.mrc 5 1e4  009 ") == 30
    records = np.zeros(30, dtype=[("uid", "u8"), ("blob/path", "S20"), ("blob/idx", "u4"), ("blob/psize_A", "f4")])
    records["blob/path"], records["blob/idx"], records["blob/psize_A"] = b"particles.mrc", np.arange(30), 5
    with (project / "list.cs").open("wb") as file:
        np.save(file, records)
    assert run("classify", project / "list.cs", "-o", tmp_path / "cs", *QUICK).code == 0
    found = np.load(tmp_path / "cs" / "images.cs")
    # Not by starfile, which finds no table in a file that is not in UTF-8.
    column = botalign.read_particles(tmp_path / "star" / "images.star").column("rlnClassNumber")
    np.testing.assert_array_equal(found["alignments2D/class"] + 1, np.array(column, dtype=int))
    assert not (tmp_path / "cs" / "images.star").exists()
    stated = run("classify", f"{project / 'particles.mrc'}:mrcs", "-o", tmp_path / "stack", *QUICK)
    assert (stated.code, stated.err) == (0, "")
    assert [path.read_bytes() for path in tmp_path.glob("*/averages.mrcs")][1:] == [
        (tmp_path / "star" / "averages.mrcs").read_bytes()
    ] * 2


def test_phases_are_flipped_by_the_ctf_in_the_list(run: Run, images: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.star"
    labels = ("ImageName", "ImagePixelSize", "DefocusU", "Voltage", "SphericalAberration", "AmplitudeContrast")
    head = "data_\nloop_\n" + "".join(f"_rln{label}\n" for label in labels)
    path.write_text(head + "".join(f"{n}@{images} 5 15000 300 2.7 0.1\n" for n in range(1, 31)))
    averages = {}
    for name, option, phases in (
        ("auto", (), "flipped by the CTF in 30 images"),
        ("yes", ("--phase-flip",), "flipped by the CTF in 30 images"),
        ("no", ("--no-phase-flip",), "not flipped"),
    ):
        ran = run("classify", path, "-o", tmp_path / name, *QUICK, *option)
        assert (ran.code, ran.err) == (0, "")
        assert f"phases       {phases}\n" in ran.out
        assert json.loads((tmp_path / name / "summary.json").read_text())["phases"] == phases
        corrected = "not corrected" if name == "no" else "corrected"
        assert f"averages     {corrected} for the CTF\n" in ran.out
        averages[name] = (tmp_path / name / "averages.mrcs").read_bytes()
    assert averages["auto"] == averages["yes"] != averages["no"]
    assert run("classify", images, "-o", tmp_path / "plain", *QUICK).code == 0
    assert (tmp_path / "plain" / "averages.mrcs").read_bytes() == averages["no"]
    said = run("classify", images, "-o", tmp_path / "out", *QUICK, "--phase-flip").refused()
    assert "images.mrcs: no defocus, voltage, spherical aberration or amplitude contrast" in said
    path.write_text(
        path.read_text().replace(" 0.1\n", " 0.1 1\n").replace("Contrast\n", "Contrast\n_rlnCtfDataArePhaseFlipped\n")
    )
    ran = run("classify", path, "-o", tmp_path / "before", *QUICK, "--no-correct-ctf")
    assert "not flipped, because the images were flipped" in ran.out
    assert "averages     not corrected for the CTF\n" in ran.out
    assert (tmp_path / "before" / "averages.mrcs").read_bytes() == averages["no"]


@pytest.mark.parametrize("kind", ["star", "cs"])
def test_particles_of_chosen_classes(run: Run, images: Path, tmp_path: Path, kind: str) -> None:
    if kind == "cs":
        records = np.zeros(30, dtype=[("uid", "u8"), ("blob/path", "S300"), ("blob/idx", "u4")])
        records["blob/path"], records["blob/idx"], records["uid"] = str(images).encode(), np.arange(30), np.arange(30)
        with (tmp_path / "all.cs").open("wb") as file:
            np.save(file, records)
    source = tmp_path / "all.cs" if kind == "cs" else images
    assert run("classify", source, "-o", tmp_path / "out", *QUICK).code == 0
    whole, target = tmp_path / "out" / f"images.{kind}", tmp_path / f"chosen.{kind}"
    numbers = botalign.read_particles(whole).class_numbers
    assert numbers is not None
    ran = run("classify", whole, "--select", "1, 3-3", "-o", target)
    kept = np.isin(numbers, (1, 3))
    assert (ran.code, ran.err) == (0, "")
    assert f"selected     {kept.sum()} particles of 30, in 2 classes\n" in ran.out
    chosen = botalign.read_images(target)
    np.testing.assert_array_equal(chosen.particles.class_numbers, numbers[kept])
    np.testing.assert_array_equal(chosen.stack.images, botalign.read_stack(images).images[kept])
    if kind == "star":
        lines = whole.read_text().splitlines()
        assert set(target.read_text().splitlines()) <= set(lines)
    for select, message in (
        ("4", "--select: no particle in class 4, expected numbers from 1 to 3."),
        ("one", "--select: got 'one', expected class numbers, as in 1,3-7."),
        ("3-1", "--select: got '3-1', expected class numbers"),
    ):
        assert message in run("classify", whole, "--select", select, "-o", tmp_path / f"other.{kind}").refused()
    assert "the file exists" in run("classify", whole, "--select", "1", "-o", target).refused()


def test_the_report(run: Run, images: Path, tmp_path: Path) -> None:
    folder, target = tmp_path / "out", tmp_path / "out" / "report.html"
    typed = ("classify", images, "-o", folder, *QUICK, "--report", target)
    ran = run(*typed)
    assert (ran.code, ran.err) == (0, "")
    assert str(target) in ran.out.splitlines()[-1]
    assert sorted(listing(folder)) == sorted([*FILES, "report.html"])
    page = target.read_text()
    assert shlex.join(["botalign", *map(str, typed)]) in html.unescape(page)
    sizes = json.loads((folder / "summary.json").read_text())["sizes"]
    assert [int(size) for size in re.findall(r"<tr><td>\d+</td><td>(\d+)</td>", page)] == sizes
    assert "images.mrcs: 30 images in 3 classes" in page
    assert page.count("data:image/png;base64,") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--report", "r.txt"), "r.txt: unknown extension; use .html."),
        (("--report", "out/r.txt"), "r.txt: unknown extension; use .html."),
        (("--report", "taken.html"), "taken.html: the file exists"),
        (("--report", "no/r.html"), "the folder no does not exist"),
        (("--report", "r.html", "--select", "1"), "--report and --select: got both, expected one of them."),
    ],
)
def test_a_report_that_cannot_be_written(
    run: Run, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken.html").write_text("mine")
    classes = () if "--select" in options else QUICK
    assert message in run("classify", images, "-o", "out", *classes, *options).refused()
    assert listing(tmp_path) == {"taken.html": b"mine"}


def test_a_report_needs_matplotlib(run: Run, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.cli.running.can_draw", lambda: False)
    error = run("classify", images, "-o", tmp_path / "out", *QUICK, "--report", tmp_path / "r.html").refused()
    assert "--report needs matplotlib" in error


def test_what_to_do_must_be_clear(run: Run, images: Path, tmp_path: Path) -> None:
    neither = run("classify", images, "-o", tmp_path / "out").refused()
    assert "--classes: missing option; see `botalign classify --help`." in neither
    both = run("classify", images, "-o", tmp_path / "out", "-k", "2", "--select", "1").refused()
    assert "--classes and --select: got both, expected one of them." in both
    path = tmp_path / "plain.star"
    path.write_text("data_\nloop_\n_rlnImageName\n1@a.mrcs\n")
    assert "no classes in this list" in run("classify", path, "--select", "1", "-o", tmp_path / "a.star").refused()


def test_lists_that_cannot_be_used_are_refused_in_one_line(run: Run, images: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.star"
    head = "data_\nloop_\n_rlnImageName\n"
    for content, message in (
        (f"{head}1@none.mrcs\n2@nowhere.mrcs\n", "2 stacks of 2 do not exist: none.mrcs, nowhere.mrcs"),
        (f"{head}31@{images}\n", "the list has image 31 of"),
        (f"{head}{images}\n", "a stack of 30 images, without the number"),
        (head, "no images in this list"),
        ("data_\nloop_\n_rlnMicrographName\n_rlnCoordinateX\na.mrc 1\n", "lists coordinates in micrographs"),
        (f"# version 70000\n{head}1@{images}\n", "got version 70000"),
        ("data_\nloop_\n_rlnImageName\n_rlnVoltage\n1@a.mrcs 300\n2@a.mrcs\n", "line 6 has 1 value, expected 2"),
    ):
        path.write_text(content)
        assert message in run("classify", path, "-o", tmp_path / "out", "-k", "1").refused()
        assert not (tmp_path / "out").exists()


def test_a_class_with_most_images_is_reported(run: Run, images: Path, tmp_path: Path) -> None:
    stack = botalign.read_images(images).stack
    alike = np.repeat(stack.images[:1], 20, axis=0) + 0.01 * np.random.default_rng(0).random((20, 24, 24))
    stack = botalign.ImageStack(np.concatenate([alike, stack.images[:6]]).astype(np.float32), stack.pixel_size_angstrom)
    stack.write(tmp_path / "s.mrcs")
    for metric, advice in (("l2", "--metric wemd gives"), ("wemd", "are the particles bright and centred")):
        ran = run("classify", tmp_path / "s.mrcs", "-o", tmp_path / metric, *QUICK, "--metric", metric)
        assert ran.code == 0
        assert "botalign: one class has " in ran.err
        assert advice in ran.err


def test_other_files_are_not_removed(run: Run, images: Path, tmp_path: Path) -> None:
    thesis = tmp_path / "out" / "unfinished" / "thesis.tex"
    thesis.parent.mkdir(parents=True)
    thesis.touch()
    assert "not a BOTalign work folder" in run("classify", images, "-o", tmp_path / "out", *QUICK).refused()
    assert thesis.exists()
    (tmp_path / "empty").mkdir()
    assert "--rotations" in run("classify", images, "-o", tmp_path / "empty", "-k", "3", "--rotations", "0").refused()
    assert (tmp_path / "empty").is_dir()


def test_unfinished_work_with_other_options_is_kept(run: Run, images: Path, tmp_path: Path) -> None:
    folder, stack = tmp_path / "out", botalign.read_images(images).stack
    botalign.classify(stack, 3, rotations=24, seed=4, iterations=1, work=folder / "unfinished")
    assert (
        "differs from this run (--seed was 4 and is 5 now)"
        in run("classify", images, "-o", folder, *QUICK, "--seed", "5").refused()
    )
    assert (folder / "unfinished" / "iteration_0001.npz").exists()
    assert run("classify", images, "-o", folder, *QUICK).code == 0
    assert sorted(listing(folder)) == FILES


@contextmanager
def stopped(folder: Path, images: Path, number: signal.Signals) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the command in a terminal, send it a signal in its third iteration, and return process and terminal."""
    environment = os.environ | {"COLUMNS": "160", "TERM": "xterm"}
    command = ("classify", images, *SLOW, "-o", folder)
    with in_terminal(*command, env=environment, stdout=subprocess.DEVNULL) as (process, master):
        read_until(master, "iteration 3")
        process.send_signal(number)
        yield process, master


@pytest.mark.slow
def test_a_killed_run_resumes_with_the_same_result(run: Run, images: Path, tmp_path: Path) -> None:
    with stopped(tmp_path / "killed", images, signal.SIGKILL):
        pass
    kept = sorted(path.name for path in (tmp_path / "killed" / "unfinished").glob("iteration*"))
    assert kept[:2] == ["iteration_0001.npz", "iteration_0002.npz"]
    for name in ("killed", "whole"):
        assert run("classify", images, *SLOW, "-o", tmp_path / name).code == 0
    one, other = (listing(tmp_path / name) for name in ("killed", "whole"))
    assert sorted(one) == sorted(other) == FILES
    assert all(one[name] == other[name] for name in ("averages.mrcs", "gallery.png"))
    tables = [starfile.read(tmp_path / name / "images.star")["particles"] for name in ("killed", "whole")]
    assert tables[0].equals(tables[1])
    assert len(json.loads((tmp_path / "whole" / "summary.json").read_text())["iterations"]) > len(kept)


@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_keeps_the_iterations(images: Path, tmp_path: Path, number: int, code: int) -> None:
    with stopped(tmp_path / "out", images, number) as (process, master):
        assert "iterations are kept in" in read_until(master, "run the same command again to resume.")
    assert process.returncode == code
    assert (tmp_path / "out" / "unfinished" / "iteration_0002.npz").exists()


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "interrupted, nothing was written."), (1, "1 iteration is kept in"), (2, "2 iterations are kept in")],
)
def test_kept_iterations_are_counted(
    run: Run, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, told: str
) -> None:
    def interrupted(
        stack: object, classes: int, options: object, execution: botalign.Execution
    ) -> Generator[None, None, None]:
        work = Path(execution.work or "")
        work.mkdir(parents=True)
        for number in range(count):
            (work / f"iteration_{number + 1:04d}.npz").touch()
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(botalign, "classify_steps", interrupted)
    ran = run("classify", images, "-o", tmp_path / "out", *QUICK)
    assert ran.code == 130
    assert told in ran.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-k", "31"), "--classes: got 31, expected a whole number from 1 to 30 for the 30 images"),
        (("-k", "3", "--rotations", "0"), "--rotations: got 0"),
        (("-k", "3", "--shift", "99"), "--shift: got 99"),
        (("-k", "3", "--size", "4"), "--size: got 4"),
        (("-k", "3", "--diameter", "1"), "--diameter: got 1 A"),
        (("-k", "3", "--iterations", "0"), "--iterations: got 0"),
        (("-k", "3", "--processes", "2", "--scheduler", "tcp://localhost:1"), "--processes and --scheduler: got both"),
    ],
)
def test_invalid_options_are_refused(
    run: Run, images: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    assert message in run("classify", images, "-o", tmp_path / "out", *options).refused()
    assert not (tmp_path / "out").exists()


def test_images_that_cannot_be_used_are_refused(run: Run, images: Path, tmp_path: Path) -> None:
    stack = botalign.read_stack(images)
    changed = stack.images.copy()
    changed[4] = 7
    botalign.ImageStack(changed).write(tmp_path / "constant.mrcs")
    said = run("classify", tmp_path / "constant.mrcs", "-o", tmp_path / "out", *QUICK).refused()
    assert "constant.mrcs: 1 image is constant, the first is image 5" in said
    raw = bytearray(images.read_bytes())
    raw[1024:1028] = np.float32(np.nan).tobytes()
    (tmp_path / "nan.mrcs").write_bytes(raw)
    said = run("classify", tmp_path / "nan.mrcs", "-o", tmp_path / "out", *QUICK).refused()
    assert "nan.mrcs: 1 pixel" in said
    assert "no such file" in run("classify", tmp_path / "none.star", "-o", tmp_path / "out", *QUICK).refused()
    assert not (tmp_path / "out").exists()


def test_dust_is_replaced_on_request(run: Run, images: Path, tmp_path: Path) -> None:
    stack = botalign.read_stack(images)
    dusty = stack.images.copy()
    dusty[4, 12, 12] = 1e4 * stack.images.max()
    botalign.ImageStack(dusty, stack.pixel_size_angstrom).write(tmp_path / "dusty.mrcs")
    assert run("classify", tmp_path / "dusty.mrcs", "-o", tmp_path / "out", *QUICK, "--dust", "20").code == 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["dust"] == 20
    averages = botalign.read_stack(tmp_path / "out" / "averages.mrcs").images
    assert np.abs(averages).max() < 2 * np.abs(stack.images).max()
    said = run("classify", images, "-o", tmp_path / "no", *QUICK, "--dust", "0").refused()
    assert "--dust: got 0, expected a number above 0 sigma." in said


def test_images_of_two_pixel_sizes_are_rescaled(run: Run, images: Path, tmp_path: Path) -> None:
    stack = botalign.read_stack(images)
    for name, pixels, size in (("a", stack.images[:15], 5.0), ("b", stack.images[15:, 1:-1, 1:-1], 6.0)):
        botalign.ImageStack(pixels, (size, size)).write(tmp_path / f"{name}.mrcs")
    rows = "".join(f"{n}@{name}.mrcs {size}\n" for name, size in (("a", 5), ("b", 6)) for n in range(1, 16))
    path = tmp_path / "list.star"
    path.write_text(f"data_\nloop_\n_rlnImageName\n_rlnImagePixelSize\n{rows}")
    said = run("classify", path, "-o", tmp_path / "out", *QUICK).refused()
    assert "24 x 24 pixels for 15 images" in said
    assert "expected one size; rescale them to one pixel size and box by --pixel-size 6.0, or classify them" in said
    assert not (tmp_path / "out").exists()
    said = run("classify", path, "-o", tmp_path / "out", *QUICK, "--pixel-size", "5.5").refused()
    assert "--pixel-size: got 5.5 A, expected 6 A, the largest pixel of" in said
    ran = run("classify", path, "-o", tmp_path / "out", *QUICK, "--pixel-size", "6")
    assert (ran.code, ran.err) == (0, "")
    assert "pixels       rescaled to 6 A, from 5, 6 A\nsize         20 x 20 pixels of 6 A\n" in ran.out
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["pixels"] == "rescaled to 6 A, from 5, 6 A"
    assert botalign.read_stack(tmp_path / "out" / "averages.mrcs").pixel_size_angstrom == (6.0, 6.0)
    written = botalign.read_particles(tmp_path / "out" / "images.star")
    assert written.column("rlnImagePixelSize") == ["5"] * 15 + ["6"] * 15


def test_dark_particles_are_inverted(run: Run, images: Path, tmp_path: Path) -> None:
    stack = botalign.read_stack(images)
    botalign.ImageStack(-stack.images, stack.pixel_size_angstrom).write(tmp_path / "dark.mrcs")
    ran = run("classify", tmp_path / "dark.mrcs", "-o", tmp_path / "out", *QUICK)
    assert (ran.code, ran.err) == (0, "")
    assert "contrast     inverted, so that particles are bright\n" in ran.out
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["inverted"]
    assert "contrast     as given\n" in run("classify", images, "-o", tmp_path / "bright", *QUICK).out
    written = [(tmp_path / name / "averages.mrcs").read_bytes() for name in ("out", "bright")]
    assert written[0] == written[1]
    ran = run("classify", tmp_path / "dark.mrcs", "-o", tmp_path / "dark", *QUICK, "--no-invert")
    assert ran.code == 0
    assert ran.err.startswith("botalign: warning: ")
    assert "expected bright particles; leave out --no-invert." in ran.err


def test_notes_about_reseeded_classes_and_missing_figures(
    run: Run, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classify_steps = botalign.classify_steps

    def steps(*given: object, **options: object) -> Generator[botalign.Progress, None, botalign.Classification]:
        found = yield from classify_steps(*given, **options)
        return replace(found, iterations=tuple(replace(each, refilled=1) for each in found.iterations[:2]))

    monkeypatch.setattr(botalign, "classify_steps", steps)
    monkeypatch.setattr("botalign.cli.classify.can_draw", lambda: False)
    ran = run("classify", images, "-o", tmp_path / "out", *QUICK)
    assert ran.code == 0
    assert "a class lost all its images and was reseeded from the worst-fitting image (2 times)." in ran.err
    assert "no figure, because matplotlib is not installed; run `pip install matplotlib`." in ran.err
    assert sorted(listing(tmp_path / "out")) == [name for name in FILES if not name.endswith(".png")]
