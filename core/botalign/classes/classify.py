"""Class averages of images: rotation-invariant k-means in the wavelet earth mover's distance."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from os import PathLike

import numpy as np

from botalign.arrays import Matrix, Volume
from botalign.classes.correction import corrected_steps
from botalign.classes.history import History
from botalign.classes.kmeans import KMeans
from botalign.classes.options import ClassifyOptions
from botalign.classes.preparation import prepare_steps
from botalign.classes.result import Classification
from botalign.images import ImageStack
from botalign.images.stack import expect_stack
from botalign.jobs import Execution, open_workers
from botalign.options import options_from, whole_number
from botalign.progress import Progress, exhaust, map_steps
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
    invert: bool | None = None,
    correct_ctf: bool = True,
    diameter_angstrom: float | None = None,
    size: int | None = None,
    threads: int | None = None,
    processes: int | None = None,
    scheduler: str | None = None,
    work: str | PathLike[str] | None = None,
) -> Classification:
    r"""Classify images by rotation-invariant k-means, and average each class.

    Each image :math:`I_i` is assigned to the average :math:`C_j` and the in-plane rotation :math:`r` with the least
    distance :math:`d(I_i, r(C_j))`; each average becomes the mean of its aligned members; and so on, until the sum of
    squared distances no longer decreases (Algorithm 1 of [1]_). The first averages are drawn by k-means++ (Algorithm 2
    of [1]_). The assignment is exact; bounds on the distances save most of the work.

    Parameters
    ----------
    stack : ImageStack
        Square, phase-flipped images of centred particles.
    classes : int
        Number of classes.
    metric : {"wemd", "l2"}, optional
        Distance between images: the wavelet earth mover's distance with the wavelet sym5 (eq. 8 of [1]_), or the L2
        distance.
    scales : int, optional
        Number of scales of the WEMD; by default 6 as in the paper for images of 128 pixels, and one less for every
        halving of the size.
    rotations : int, optional
        Number of in-plane rotations, evenly spaced over 360 degrees.
    mirror : bool, optional
        Whether to compare mirror images too. The projection from the opposite direction is a mirror image.
    shift_pixels : int, optional
        Largest shift to compare, in whole pixels; all shifts up to it are combined with all rotations.
    iterations : int, optional
        Maximum number of iterations.
    seed : int, optional
        Seed of the first averages: the same seed gives the same result, bit for bit.
    invert : bool, optional
        Whether to invert the contrast, for images with dark particles; by default if they are significantly darker than
        the background, on average over all images. If they are neither, the flag in a list of cryoSPARC decides.
    correct_ctf : bool, optional
        Whether to correct the averages for the amplitudes of the contrast transfer function, if `stack` has its
        parameters: that from :meth:`ImageList.phase_flipped`. The classes do not depend on it.
    diameter_angstrom : float, optional
        Diameter of the disc that is compared; by default the width of the images. Pixels outside are background.
    size : int, optional
        Side in pixels to which the images are reduced first; by default so that 64 pixels are along the diameter, if
        `diameter_angstrom` is given.
    threads : int, optional
        Number of threads; by default chosen automatically (at most one per core). The result does not depend on how the
        work is distributed.
    processes : int, optional
        Number of processes to use instead of threads. A script that uses processes must protect its main code with
        ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster to use instead, such as ``tcp://host:8786``.
    work : path-like, optional
        Work folder. If the computation is interrupted, a call with the same arguments resumes it, with the same result.
        The folder remains: remove it when the classes are stored.

    Returns
    -------
    Classification
        The class averages, and the class and pose of each image.

    Raises
    ------
    InputError
        If `stack` is not a stack of images, there are fewer images than classes, the images cannot be used, an option
        is out of range, or the work folder cannot be used.

    Warns
    -----
    MapWarning
        If the particles are darker than the background with the given `invert`.

    See Also
    --------
    classify_steps : The same, as a generator.
    Classification.annotate : Add the classes to a list of images.

    Notes
    -----
    k-means finds a local minimum that depends on the seed; compare several seeds. Without phase flipping, or with
    particles that are off centre by more than `shift_pixels`, classes reflect defocus and centring instead of views. At
    high signal-to-noise ratios the WEMD has little advantage over L2.

    References
    ----------
    .. [1] R. Rao, A. Moscovich and A. Singer, "Wasserstein k-means for clustering tomographic projections" (2020),
       arXiv:2010.09989.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> views = botalign.projections(botalign.phantom(24, voxel_size_angstrom=5.0), 2, seed=1).stack.images
    >>> images = np.concatenate([np.rot90(views, k, axes=(1, 2)) for k in range(4)])  # in four rotations
    >>> found = botalign.classify(botalign.ImageStack(images, (5.0, 5.0)), 2, rotations=8)
    >>> found.sizes.tolist()
    [4, 4]
    >>> bool((found.labels[:2] == found.labels[2:4]).all())
    True
    """
    given = locals()
    return exhaust(classify_steps(stack, classes, options_from(ClassifyOptions, given), options_from(Execution, given)))


def classify_steps(
    stack: ImageStack, classes: int, options: ClassifyOptions | None = None, execution: Execution | None = None
) -> Steps:
    """Classify images in steps; result and errors are those of :func:`classify`.

    Closing the generator between two steps cancels the computation; completed iterations remain in the work folder. The
    number of classes is checked at the call, images at the first step.

    Parameters
    ----------
    stack : ImageStack
        Images.
    classes : int
        Number of classes.
    options : ClassifyOptions, optional
        Options; by default those of :func:`classify`.
    execution : Execution, optional
        Threads, processes or a cluster, and the work folder; by default one thread per core.

    Returns
    -------
    Classification
        As the value of ``StopIteration``.

    Yields
    ------
    Progress
        After each block of work. The stages are ``"read"``, ``"prepare"`` and ``"seed"``, then ``"average"`` and
        ``"assign"`` in each further iteration, and ``"finish"``.

    See Also
    --------
    classify : The same, as a function.

    Examples
    --------
    >>> import botalign
    >>> stack = botalign.projections(botalign.phantom(24, voxel_size_angstrom=5.0), 6, seed=1).stack
    >>> steps = botalign.classify_steps(stack, 2, botalign.ClassifyOptions(rotations=8))
    >>> next(steps).stage
    'read'
    >>> steps.close()
    """
    return _steps(stack, _checked(classes, stack), options or ClassifyOptions(), execution or Execution())


def _checked(classes: int, stack: ImageStack) -> int:
    """Check the number of classes, and return it as a Python integer."""
    expect_stack(stack, "stack")
    n = len(stack)
    images = "the 1 image" if n == 1 else f"the {n} images"
    return whole_number("classes", classes, 1, n, note=f"for {images} of {stack.name}")


def _steps(stack: ImageStack, classes: int, options: ClassifyOptions, execution: Execution) -> Steps:
    ready = yield from prepare_steps(
        stack, invert=options.invert, diameter_angstrom=options.diameter_angstrom, size=options.size
    )
    means = KMeans(ready, classes, options, thread_count(execution.threads))
    names = ("metric", "scales", "rotations", "mirror", "shift_pixels", "seed")
    described = {
        "options": {"classes": classes} | {name: getattr(options, name) for name in names},
        "radius": str(ready.radius), "pixel_size": str(ready.pixel_size_angstrom),
    }  # fmt: skip
    folder, most = execution.work, options.iterations
    history = History() if folder is None else History.in_folder(folder, ready.images, most, described)
    try:
        with open_workers(execution) as workers:
            yield from means.steps(history, workers)
    finally:
        history.close()
    averages, corrected = means.averages(history.best), False
    if options.correct_ctf and stack.ctf is not None:
        averages, corrected = (
            corrected_steps(
                means.frame, ready.images, history.best.chosen, classes, stack.ctf, ready.pixel_size_angstrom
            ),
            True,
        )
    found = yield from map_steps(averages, lambda step: replace(step, stage="finish"))
    steps = means.resolutions(history.best)
    resolutions = yield from map_steps(steps, lambda step: replace(step, stage="finish"))
    return _result(means, history, found, resolutions, stack, corrected=corrected)


def _result(
    means: KMeans, history: History, averages: Volume, resolutions: Matrix, stack: ImageStack, *, corrected: bool
) -> Classification:
    """Return the result, with the classes sorted by size, largest first."""
    state, poses = history.best, means.frame.poses
    labels, pose = np.divmod(state.chosen, len(poses))
    sizes = np.bincount(labels, minlength=means.classes)
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    angles, shifts, mirrored = poses.parts(pose)
    pixel = means.ready.pixel_size_angstrom
    images = averages[order] * np.float32(means.ready.scale)
    return Classification(
        averages=ImageStack(images, (pixel, pixel), name=f"class averages of {stack.name}"),
        labels=rank[labels],
        angles_degrees=angles,
        shifts_pixels=shifts,
        mirrored=mirrored,
        distances=history.distances,
        sizes=sizes[order],
        resolutions_angstrom=resolutions[order],
        iterations=tuple(history.records),
        converged=history.converged,
        metric=means.options.metric,
        seed=means.options.seed,
        inverted=means.ready.inverted,
        ctf_corrected=corrected,
        shifts_pixels_before=stack.shifts_pixels,
    )
