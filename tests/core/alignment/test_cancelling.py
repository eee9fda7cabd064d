"""Long steps of alignments and blocks of pairs test whether they were cancelled."""

import pytest

import botalign
from botalign.alignment.options import AlignmentOptions
from botalign.cancellation import CancelledWork, cancelled_by
from botalign.pairwise.sources import sources
from botalign.pairwise.without_alignment import vectors_block

FAST = {"size": 16, "evaluations": 20}


class Counter:
    """A condition that is never true, or from the n-th test on."""

    def __init__(self, true_from: float = float("inf")) -> None:
        self.tested, self.true_from = 0, true_from

    def __call__(self) -> bool:
        self.tested += 1
        return self.tested >= self.true_from


@pytest.fixture(scope="module")
def pair() -> list[botalign.DensityMap]:
    return [botalign.phantom(24, voxel_size_angstrom=5.0, hinge_degrees=angle) for angle in (0, 10)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [FAST | {"hand": "keep"}, FAST | {"loss": "core"}, {"partial": True}, FAST | {"preset": "paper"}]
)
def test_the_long_steps_of_an_alignment_can_be_cancelled(
    options: dict[str, object], pair: list[botalign.DensityMap]
) -> None:
    chosen = AlignmentOptions(threads=1, **options)  # type: ignore[arg-type]
    tests: dict[str, int] = {}
    steps = botalign.align_steps(*pair, chosen)
    while True:
        counter = Counter()
        try:
            with cancelled_by(counter):
                step = next(steps)
        except StopIteration:
            break
        tests[step.stage] = max(tests.get(step.stage, 0), counter.tested)
    assert tests["search"] >= 2  # while the maps are sampled
    assert tests["refine"] >= 10
    # And a test that is true ends the alignment within the step.
    for number in (1, 3, sum(tests.values())):
        seen = list(botalign.run_until(botalign.align_steps(*pair, chosen), Counter(number)))
        assert len(seen) < number


def test_blocks_of_pairs_can_be_cancelled(pair: list[botalign.DensityMap]) -> None:
    with cancelled_by(lambda: True), pytest.raises(CancelledWork):
        vectors_block(sources(pair), lambda density_map: density_map.data.ravel(), [0, 0])  # type: ignore[arg-type]
