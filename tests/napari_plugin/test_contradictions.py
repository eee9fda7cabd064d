"""Options that contradict each other are greyed out, with the reason, and are not used."""

from collections.abc import Callable
from typing import Any

from botalign import DensityMap


def items(box: Any) -> dict[Any, bool]:
    """Return whether each choice of a combo box can be chosen."""
    model = box.native.model()
    return {choice: model.item(number).isEnabled() for number, choice in enumerate(box.choices)}


def test_a_part_greys_out_the_options_of_whole_maps(widget: Any) -> None:
    form = widget.form
    form.more.evaluations.value = 12  # a value that the part leaves without effect
    form.loss.value = "core"
    form.more.partial.value = True
    for name in ("evaluations", "size", "preset", "refine"):
        field = form.more[name]
        assert not field.enabled, name
        assert "cannot be combined with 'one is part of the other'" in field.tooltip
    assert not form.loss.enabled
    options = form.alignment_options()
    assert (options.partial, options.evaluations, options.loss) == (True, None, "wemd")
    form.more.partial.value = None
    assert all(form.more[name].enabled for name in ("evaluations", "size", "preset", "refine"))
    options = form.alignment_options()
    assert (options.partial, options.evaluations, options.loss) == (None, 12, "core")
    assert form.loss.tooltip.startswith("Loss to minimise")


def test_a_single_choice_is_greyed_out(widget: Any) -> None:
    form = widget.form
    form.more.refine.value = False
    assert items(form.loss) == {"wemd": True, "l2": True, "core": False}
    assert form.loss.enabled
    form.more.refine.value = True
    assert items(form.loss) == {"wemd": True, "l2": True, "core": True}


def test_a_mask_of_one_map_greys_out_the_same(widget: Any, add: Callable[..., Any], fixed: DensityMap) -> None:
    form = widget.form
    mask = add(fixed, "mask")
    form.more.mask_fixed.value = mask
    assert not form.more.size.enabled
    assert "'mask (fixed)'" in form.more.size.tooltip
    form.more.mask_moving.value = mask  # masks of both maps compare whole maps
    assert form.more.size.enabled
    form.more.mask_moving.value = None
    form.more.partial.value = False
    assert not form.more.mask_fixed.enabled
    assert form.masks() == {}
