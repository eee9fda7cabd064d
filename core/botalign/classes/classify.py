"""Class averages of images: rotation-invariant k-means in the wavelet earth mover's distance."""

from __future__ import annotations

from collections.abc import Generator
from os import PathLike
from typing import Any

import numpy as np

from botalign.classes.course import Course
from botalign.classes.frame import Frame
from botalign.classes.kmeans import KMeans
from botalign.classes.options import ClassifyOptions
from botalign.classes.preparation import PreparedImages, prepare
from botalign.classes.result import Classification
from botalign.classes.turning import image_splines
from botalign.images import ImageStack
from botalign.images.expected import expect_stack
from botalign.jobs import open_workers
from botalign.options import options_from, whole_number
from botalign.progress import Progress, exhaust
from botalign.threads import thread_count

Steps = Generator[Progress, None, Classification]


def classify(
    stack: ImageStack,
    classes: int,
    *,
    metric: str = "wemd",
    scales: int | None = None,
    rotations: int = 200,
    mirror: bool = False,
    shift_pixels: int = 0,
    iterations: int = 50,
    seed: int = 0,
    invert: bool = False,
    diameter_angstrom: float | None = None,
    size: int | None = None,
    threads: int | None = None,
    processes: int = 0,
    scheduler: str | None = None,
    work: str | PathLike[str] | None = None,
) -> Classification:
    r"""Sort images into classes that look alike up to a turn in the plane, and average each.

    Algorithm 1 of Rao et al. (2020, arXiv:2010.09989): each image goes to the average :math:`C_j` and the turn
    :math:`r` with the least distance :math:`d(I_i, r(C_j))`, each average becomes the mean of its members, turned back,
    and so on while the sum of squared distances decreases. The first averages are drawn by Algorithm 2, k-means++. The
    minimum is the exact one over all averages and turns; bounds save nearly all of the work (:mod:`.bounds`).

    Parameters
    ----------
    stack : ImageStack
        The images, square. They must be phase-flipped, and the particles bright and centred.
    classes : int
        How many classes.
    metric : {"wemd", "l2"}, optional
        The wavelet earth mover's distance with sym5 (eq. 8), or the Euclidean distance.
    scales : int, optional
        Scales of the former. If not given, the 6 of the paper for images of 128 pixels, and one less each time they are
        half as large.
    rotations : int, optional
        Turns that are tried, evenly spread over 360 degrees.
    mirror : bool, optional
        Whether mirror images are tried too: seen from the opposite side, a particle's projection is mirrored.
    shift_pixels : int, optional
        How far images may be off centre, in whole pixels; all shifts up to that are tried, each with all turns.
    iterations : int, optional
        At most so many.
    seed : int, optional
        The same seed gives the same bits.
    invert : bool, optional
        For images in which particles are dark.
    diameter_angstrom : float, optional
        What is farther than half of that from the middle is background. If not given, the largest disc is taken.
    size : int, optional
        Sample the images down to so many pixels a side first.
    threads, processes, scheduler
        Who works; see :func:`botalign.jobs.open_workers`. The result doesn't depend on it.
    work : path-like, optional
        A folder for unfinished work, so that the same call goes on after being stopped, with the same result. It stays:
        remove it when the classes are kept.

    Returns
    -------
    Classification

    Raises
    ------
    InputError
        If `stack` is none, there are fewer images than classes, images can't be used, an argument is out of range, or
        the folder holds other work.

    Warns
    -----
    MapWarning
        If the particles are dark.

    See Also
    --------
    classify_steps : The same, step by step.
    """
    chosen = ClassifyOptions(
        metric=metric, scales=scales, rotations=rotations, mirror=mirror, shift_pixels=shift_pixels,
        iterations=iterations, seed=seed, invert=invert, diameter_angstrom=diameter_angstrom, size=size,
    )  # fmt: skip
    return exhaust(_steps(stack, _checked(classes, stack), chosen, threads, processes, scheduler, work))


def classify_steps(
    stack: ImageStack,
    classes: int,
    *,
    threads: int | None = None,
    processes: int = 0,
    scheduler: str | None = None,
    work: str | PathLike[str] | None = None,
    **options: Any,
) -> Steps:
    """Sort images into classes a step at a time; parameters, result and errors as for :func:`classify`.

    Closing the generator between two steps cancels the work; the iterations that were complete by then are in the
    folder `work`. Options that can't be used are refused at the call, images at the first step.

    Yields
    ------
    Progress
        Before the work begins, and after each step.

    Returns
    -------
    Classification
        As the value of ``StopIteration``.
    """
    chosen = options_from(ClassifyOptions, options, "classify_steps")
    return _steps(stack, _checked(classes, stack), chosen, threads, processes, scheduler, work)


def _checked(classes: int, stack: ImageStack) -> int:
    """Refuse more classes than there are images."""
    expect_stack(stack, "stack")
    n = len(stack.images)
    images = "the 1 image" if n == 1 else f"the {n} images"
    return whole_number("classes", classes, 1, n, unit=f" for {images} of {stack.name}")


def _steps(
    stack: ImageStack,
    classes: int,
    options: ClassifyOptions,
    threads: int | None,
    processes: int,
    scheduler: str | None,
    work: str | PathLike[str] | None,
) -> Steps:
    ready = prepare(stack, invert=options.invert, diameter_angstrom=options.diameter_angstrom, size=options.size)
    frame = Frame.of(
        options.metric, options.poses, side=ready.side, radius=ready.radius, pixel_size=ready.pixel_size_angstrom,
        scales=options.scales,
    )  # fmt: skip
    seed = options.seed
    described = {"classes": classes, "metric": frame.metric, "poses": frame.poses, "seed": seed, "radius": ready.radius}
    means = KMeans(
        frame, ready.images, image_splines(ready.images), classes, options.iterations, seed, thread_count(threads)
    )
    course = Course() if work is None else Course.in_folder(work, ready.images, options.iterations, **described)
    try:
        with open_workers(threads=threads, processes=processes, scheduler=scheduler) as workers:
            yield from means.steps(course, workers)
    finally:
        course.close()
    return _result(means, course, ready, stack.name, options.metric)


def _result(means: KMeans, course: Course, ready: PreparedImages, name: str, metric: str) -> Classification:
    """Put all together, the classes numbered by size, the largest first."""
    state, poses = course.best, means.frame.poses
    labels, pose = np.divmod(state.chosen, len(poses))
    sizes = np.bincount(labels, minlength=means.classes)
    order = np.argsort(-sizes, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    angles, shifts, mirrored = poses.parts(pose)
    pixel = ready.pixel_size_angstrom
    images = means.averages(state)[order] * np.float32(ready.scale)
    return Classification(
        averages=ImageStack(images, (pixel, pixel), name=f"class averages of {name}"),
        labels=place[labels],
        angles_degrees=angles,
        shifts_pixels=shifts,
        mirrored=mirrored,
        distances=course.distances,
        sizes=sizes[order],
        iterations=tuple(course.records),
        converged=course.converged,
        metric=metric,
        seed=means.seed,
    )
