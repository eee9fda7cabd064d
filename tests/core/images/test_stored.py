import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.errors import InputError
from botalign.maps.writing import blank_header

GIB = 1 << 30


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(8).standard_normal((9, 5, 6)).astype(np.float32)


@pytest.mark.parametrize("extension", [".mrcs", ".mrcs.gz", ".mrcs.bz2"])
def test_some_images_are_read_in_any_order(tmp_path: Path, images: np.ndarray, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    botalign.ImageStack(images).write(path)
    stack = botalign.read_stack(path)
    for which in ([7, 2, 3, 2, 0], [8], list(range(9)), []):
        np.testing.assert_array_equal(stack.load(which), images[which])
    assert len(stack) == 9
    assert stack.shape == (9, 5, 6)


def test_blocks_cover_all_images(tmp_path: Path, images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.images.stored._BLOCK_BYTES", 4 * 4 * 30)
    botalign.ImageStack(images).write(tmp_path / "a.mrcs")
    for stack in (botalign.read_stack(tmp_path / "a.mrcs"), botalign.ImageStack(images)):
        blocks = list(stack.blocks())
        assert [len(block) for _, block in blocks] == [4, 4, 1]
        np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), images)


def test_images_that_are_not_listed_do_not_matter(tmp_path: Path, images: np.ndarray) -> None:
    botalign.ImageStack(images).write(tmp_path / "a.mrcs")
    raw = bytearray((tmp_path / "a.mrcs").read_bytes())
    raw[1024 + 4 * 30 * 4 : 1028 + 4 * 30 * 4] = np.float32(np.nan).tobytes()
    (tmp_path / "a.mrcs").write_bytes(raw)
    path = tmp_path / "list.star"
    path.write_text("data_\nloop_\n_rlnImageName\n_rlnPixelSize\n2@a.mrcs 1.5\n9@a.mrcs 1.5\n")
    np.testing.assert_array_equal(botalign.read_images(path).stack.images, images[[1, 8]])
    path.write_text(path.read_text() + "5@a.mrcs 1.5\n")
    with pytest.raises(InputError, match=r"list\.star: 1 pixel is NaN or infinite, in image 3, expected finite values"):
        _ = botalign.read_images(path).stack.images


def test_a_file_that_became_shorter_is_refused(tmp_path: Path, images: np.ndarray) -> None:
    """A memory map would end the process."""
    path = tmp_path / "a.mrcs"
    botalign.ImageStack(images).write(path)
    stack = botalign.read_stack(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match=r"a\.mrcs: the file is truncated"):
        stack.load([8])
    path.unlink()
    with pytest.raises(InputError, match=r"a\.mrcs: no such file"):
        stack.load([8])


def test_damage_of_compressed_images_is_noticed(tmp_path: Path, images: np.ndarray) -> None:
    path = tmp_path / "a.mrcs.gz"
    botalign.ImageStack(images).write(path)
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 1  # the checksum
    path.write_bytes(raw)
    stack = botalign.read_stack(path)
    with pytest.raises(InputError, match="truncated or damaged"):
        stack.load([8])


@pytest.mark.parametrize("extension", ["", ".gz", ".bz2"])
def test_a_missing_extended_header(make_file: Callable[..., Path], images: np.ndarray, extension: str) -> None:
    path = make_file(images, f"a.mrcs{extension}", nsymbt=80).rename(make_file(images).with_name(f"b.mrcs{extension}"))
    with pytest.warns(botalign.MapWarning, match="80 bytes is missing"):
        stack = botalign.read_stack(path)
    np.testing.assert_array_equal(stack.load([8, 1]), images[[8, 1]])


def test_rows_and_columns_may_be_exchanged(make_file: Callable[..., Path], images: np.ndarray) -> None:
    stack = botalign.read_stack(make_file(images, "a.mrcs", axis_order=(2, 1, 3)))
    np.testing.assert_array_equal(stack.load([3, 5]), images[[3, 5]])
    with pytest.raises(InputError, match=r"images along axis 1 \(axis order 3, 2, 1\), expected them along axis 3"):
        botalign.read_stack(make_file(images, "a.mrcs", axis_order=(3, 2, 1)))


def test_a_stack_of_any_extension_is_read_as_images_on_request(
    make_file: Callable[..., Path], images: np.ndarray, tmp_path: Path
) -> None:
    path = make_file(images[:, :5, :5], "particles.mrc")
    with pytest.warns(botalign.MapWarning, match="may be a map according to its header, assumed a stack of 9 images"):
        listed = botalign.read_images(path)
    np.testing.assert_array_equal(listed.stack.images, images[:, :5, :5])
    listed.write(tmp_path / "list.star")
    assert len(botalign.read_images(tmp_path / "list.star").stack) == 9


def test_more_images_than_a_side_has_pixels(tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(-9, 9, (70_000, 4, 4)).astype(np.float32)
    botalign.ImageStack(images, (1.5, 1.5)).write(tmp_path / "a.mrcs")
    stack = botalign.read_stack(tmp_path / "a.mrcs")
    assert stack.shape == (70_000, 4, 4)
    np.testing.assert_array_equal(stack.load([69_999, 65_536]), images[[69_999, 65_536]])
    listed = botalign.read_images(tmp_path / "a.mrcs")
    listed.write(tmp_path / "a.star")
    again = botalign.read_images(tmp_path / "a.star").stack
    np.testing.assert_array_equal(again.images, images)


def sparse(path: Path, count: int, side: int, mode: int = 2) -> int:
    """Write the header of a stack and no images, and return the bytes of one image."""
    header = blank_header(0)
    header["nz"], header["ny"], header["nx"] = count, side, side
    header["mz"], header["my"], header["mx"] = 1, side, side
    header["cella"], header["mode"] = (side, side, 1), mode
    size = side * side * (4 if mode == 2 else 1)
    with path.open("wb") as file:
        file.write(header.tobytes())
        file.truncate(1024 + count * size)
    return size


MEASURE = """
import resource, sys
from pathlib import Path
import numpy as np
import botalign
from botalign.classes.preparation import prepare
{code}
status = Path("/proc/self/status")
if status.exists():  # on Linux, ru_maxrss includes that of the process that started this one
    print(1024 * int(status.read_text().split("VmHWM:")[1].split()[0]))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # bytes on macOS
"""


def peak_memory(code: str, *arguments: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE.format(code=code), *arguments], check=True, capture_output=True, text=True
    )
    return int(ran.stdout)


def test_twenty_images_of_16_gigabytes(tmp_path: Path) -> None:
    size = sparse(tmp_path / "big.mrcs", 4000, 1024)
    numbers = np.random.default_rng(0).choice(4000, 20, replace=False)
    with (tmp_path / "big.mrcs").open("r+b") as file:
        for number in numbers:
            file.seek(1024 + int(number) * size)
            file.write(np.full(size // 4, number, dtype="<f4").tobytes())
    rows = "".join(f"{number + 1}@big.mrcs 1.5\n" for number in numbers)
    (tmp_path / "big.star").write_text(f"data_\nloop_\n_rlnImageName\n_rlnPixelSize\n{rows}")
    code = "print(end='' if (botalign.read_images(sys.argv[1]).stack.images.mean(axis=(1, 2)) == "
    code += f"np.array({numbers.tolist()})).all() else 'wrong')"
    assert peak_memory(code, str(tmp_path / "big.star")) < GIB


@pytest.mark.slow
def test_the_memory_depends_on_the_reduced_size(tmp_path: Path) -> None:
    """70,000 images of 96 pixels are 2.4 GiB as numbers of single precision."""
    size = sparse(tmp_path / "many.mrcs", 70_000, 96, mode=0)
    part = np.random.default_rng(2).integers(-99, 99, 1000 * size).astype(np.int8).tobytes()
    with (tmp_path / "many.mrcs").open("r+b") as file:
        file.seek(1024)
        for _ in range(70):
            file.write(part)
    code = "prepare(botalign.read_images(sys.argv[1]).stack, size=32)"
    assert peak_memory(code, str(tmp_path / "many.mrcs")) < GIB
