"""The alignment problem: two maps, the options, and what is computed from them once for every solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from botalign.alignment.checks import check_boxes, check_halves, check_radii
from botalign.alignment.criterion import Criterion, criterion_for
from botalign.alignment.details import DetailPair
from botalign.alignment.evidence import CLEAR, Evidence, WrongPoses
from botalign.alignment.fitting import FitProblem
from botalign.alignment.gauss_newton import ALL
from botalign.alignment.half_maps import noise_of_both
from botalign.alignment.itself import Itself
from botalign.alignment.losses import Distance, distance_for, l2
from botalign.alignment.masking import masked
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.records import EVALUATIONS, Candidate, volume_fraction
from botalign.alignment.sampling import finest_useful_voxel, fit_problem
from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.shifts import ShiftedPair, shifted_pair
from botalign.alignment.survey import Surveyed, survey
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Errors, fit_errors
from botalign.alignment.working_pair import WorkingPair, principal_axes, working_pair
from botalign.arrays import Matrix
from botalign.geometry import MIRROR, apply_transform, geodesic_degrees, is_mirror
from botalign.maps.density_map import DensityMap
from botalign.models import Model
from botalign.threads import run_in_threads, thread_count

ROTATION, SHIFT = ALL[:3], ALL[3:]


@dataclass(frozen=True, eq=False)
class AlignmentProblem:
    """Two surveyed maps and the options of their alignment.

    What several steps of a solver need is computed on first use and kept.

    Attributes
    ----------
    fixed_itself, moving_itself : Itself
        The maps, each compared with itself.
    options : AlignmentOptions
        The options.
    hands : tuple of bool
        The hands to search, that of the start first: whether the moving map is mirrored.
    maps : tuple of two DensityMap, optional
        The fixed and the moving map as given, without their masks: for the solver of parts.
    shared : SharedWhole, optional
        The fixed map, if other parts are searched for in it too.
    models : tuple of two Model, optional
        The models whose simulated maps are the fixed and the moving one; None for what is given as a map.
    """

    fixed_itself: Itself
    moving_itself: Itself
    options: AlignmentOptions
    hands: tuple[bool, ...]
    maps: tuple[DensityMap, DensityMap] | None = None
    shared: SharedWhole | None = None
    models: tuple[Model | None, Model | None] = (None, None)

    @classmethod
    def of(
        cls, fixed: DensityMap, moving: DensityMap, options: AlignmentOptions, *,
        models: tuple[Model | None, Model | None] = (None, None),
    ) -> AlignmentProblem:  # fmt: skip
        """Check two maps, apply their masks, and survey them; of two models, hand and scale are not tested.

        Raises
        ------
        InputError
            If an input is not a DensityMap or is empty, or the two cannot show the same molecule.
        """
        check_boxes(fixed, moving)
        check_halves("half_maps_fixed", fixed, options.half_maps_fixed)
        check_halves("half_maps_moving", moving, options.half_maps_moving)
        a, b = run_in_threads(
            [
                lambda: survey(masked(fixed, options.mask_fixed), level=options.contour_level_fixed, role="fixed"),
                lambda: survey(masked(moving, options.mask_moving), level=options.contour_level_moving, role="moving"),
            ],
            thread_count(options.threads),
        )
        check_radii(a, b, fixed.name, moving.name)
        a, b = a.normalised(), b.normalised()
        first = is_mirror(options.start_transform())
        known_hands = None not in models
        one_hand = known_hands or options.hand == "keep" or not options.rotate
        hands = (first,) if one_hand else (first, not first)
        if known_hands:  # two atomic models: their scales are known, too
            options = replace(options, scale="keep")
        return cls(
            Itself(a, fixed.grid, options.half_maps_fixed), Itself(b, moving.grid, options.half_maps_moving),
            options, hands, (fixed, moving), models=models,
        )  # fmt: skip

    @property
    def fixed(self) -> Surveyed:
        """The fixed map: smoothed, cropped, with a contour level and a centre of mass."""
        return self.fixed_itself.surveyed

    @property
    def moving(self) -> Surveyed:
        """The same of the moving map."""
        return self.moving_itself.surveyed

    @property
    def part_is_moving(self) -> bool:
        """Whether the moving map is the part, if one is: the masked map, otherwise the smaller molecule."""
        if self.options.is_masked:
            return self.options.mask_moving is not None
        return self.moving.volume_angstrom3 <= self.fixed.volume_angstrom3

    @property
    def part_fraction(self) -> float:
        """Volume of the smaller molecule as a fraction of that of the larger one."""
        return volume_fraction(self.fixed, self.moving)

    @property
    def pivot(self) -> Matrix | None:
        """Where the start puts the centre of mass of the moving map, if it stays there; None if it may shift."""
        if self.options.shift:
            return None
        return apply_transform(self.options.start_transform(), self.moving.centre_angstrom)

    @property
    def free(self) -> tuple[int, ...]:
        """The parameters of the pose that a fit may change; see :class:`FitProblem`."""
        return (ROTATION if self.options.rotate else ()) + (SHIFT if self.options.shift else ())

    @property
    def evaluations(self) -> int:
        """Evaluations of the search, for each hand, at most: one if the rotation is known."""
        if not self.options.rotate:
            return 1
        return EVALUATIONS if self.options.evaluations is None else self.options.evaluations

    @property
    def stops_early(self) -> bool:
        """Whether the search may end before all evaluations are made.

        It must not with a loss that the caller wants to be minimised, or with one that ranks poses by a part.
        """
        return self.options.evaluations is None and self.options.rotate and self.options.loss in ("wemd", "l2")

    @cached_property
    def criterion(self) -> Criterion:
        """By what candidates are fitted and judged."""
        return criterion_for(self.options.loss)

    @cached_property
    def working_pair(self) -> WorkingPair:
        """The maps in the box of the search."""
        return working_pair(self.fixed, self.moving, size=self.options.size, centre=self.pivot)

    @cached_property
    def shifted_pair(self) -> ShiftedPair:
        """The maps in a coarse box, for comparisons over all shifts."""
        return shifted_pair(self.fixed, self.moving)

    @cached_property
    def distance(self) -> Distance:
        """The distance that the search minimises, of maps in the box of the search."""
        pair, options = self.working_pair, self.options
        return distance_for(
            options.loss, (options.size,) * 3, wavelet=options.wavelet, scales=options.scales,
            voxel_angstrom=pair.voxel_angstrom,
        )  # fmt: skip

    def best_shift(self, linear: Matrix) -> tuple[float, Matrix]:
        """Return the L2 distance at an orthogonal matrix and the best shift, and this pose."""
        if self.options.shift:
            return self.shifted_pair.best_shift(linear)
        pair = self.working_pair
        return l2(pair.rotated(linear), pair.fixed), pair.transform(linear)

    def scaled(self, factor: float) -> AlignmentProblem:
        """Return the problem with the moving map scaled about its centre of mass; for the solver of whole maps."""
        moving = self.moving_itself.scaled(factor)
        options = replace(self.options, half_maps_moving=moving.halves)
        return replace(self, moving_itself=moving, options=options, maps=None)

    def prepare_for_threads(self, *, refine: bool) -> None:
        """Compute what the searches of both hands share, before they start in two threads."""
        _ = self.working_pair, self.distance
        if refine:
            _ = self.coarse_fit, self.shifted_pair

    @cached_property
    def coarse_fit(self) -> FitProblem:
        """The fit at the voxel size of the search."""
        return self.criterion.fit(self.coarse_whole_fit)

    @cached_property
    def coarse_whole_fit(self) -> FitProblem:
        """The fit of the whole maps at the voxel size of the search."""
        return self._whole_fit(self.working_pair.voxel_angstrom)

    def fit(self, voxel_angstrom: float) -> FitProblem:
        """Sample the maps for a fit with voxels of a given size."""
        return self.criterion.fit(self._whole_fit(voxel_angstrom))

    def _whole_fit(self, voxel_angstrom: float) -> FitProblem:
        fit = fit_problem(self.fixed, self.moving, voxel_angstrom=voxel_angstrom, centre=self.pivot)
        return replace(fit, free=self.free)

    @cached_property
    def details(self) -> DetailPair:
        """The details of the two maps."""
        signals = self.fixed_itself.signal, self.moving_itself.signal
        return DetailPair.of(self.fixed, self.moving, self.coarse_whole_fit, signals)

    @property
    def symmetry(self) -> Symmetry | None:
        """The symmetry of the fixed map; None if equivalent poses are not allowed."""
        return None if self._is_held else self.fixed_itself.symmetry

    @property
    def symmetry_of_moving(self) -> Symmetry | None:
        """The same of the moving map."""
        return None if self._is_held else self.moving_itself.symmetry

    @property
    def _is_held(self) -> bool:
        """Whether the rotation or the shift is given: about another centre, equivalent poses have other shifts."""
        return not (self.options.rotate and self.options.shift)

    def finest_useful_voxel(self, transform: Matrix) -> float:
        """Return the side in angstrom of the voxels that hold all the signal that the maps share at a pose."""
        return finest_useful_voxel(self.fixed, self.moving, transform)

    def evidence(self, best: Candidate, others: Sequence[Candidate], *, equal: Sequence[Candidate] = ()) -> Evidence:
        """Return the evidence for the verdict on the best candidate, given the others of both hands.

        Of the others, those that fit as well are not wrong, and neither are the `equal` ones, of the other hand, nor
        what the symmetry of the fixed map makes equivalent to any of these.
        """
        right = [best, *(candidate for candidate in others if candidate.as_good), *equal]
        poses = [candidate.moving_to_fixed for candidate in right]
        itself, voxel = self.fixed_itself, self.working_pair.voxel_angstrom
        symmetry = itself.symmetry
        if symmetry is not None:
            if self._wrong:  # an equivalent of the best pose has the same evidence, and its wrong poses may be known
                poses[0] = symmetry.nearest(poses[0], self._wrong[0].best)
            poses += [each for pose in poses for each in symmetry.equivalents(pose)[1:]]
        wrong = [candidate.moving_to_fixed for candidate in others if not candidate.as_good]
        while True:
            every = [*self.wrong_poses(poses[0]), *wrong]
            found = self.criterion.evidence(self.details, lambda: itself.details(voxel), self.coarse_fit, poses, every)
            if found.chance <= CLEAR or not self._wrong[0].brief:
                return found
            self._wrong[:] = [self._wrong[0].further(self.coarse_whole_fit)]

    def wrong_poses(self, best: Matrix) -> Sequence[Matrix]:
        """Return poses to which fits converge from rotations of the best pose. They are kept for poses close to it."""
        if not (self._wrong and self._wrong[0].same(best, self.fixed.radius_angstrom)):
            self._wrong[:] = [WrongPoses.of(self.coarse_whole_fit, principal_axes(self.working_pair.fixed), best)]
        return self._wrong[0].poses

    @cached_property
    def _wrong(self) -> list[WrongPoses]:
        return []

    def errors(self, fit: FitProblem, transform: Matrix) -> Errors:
        """Return the standard errors of a fitted pose and, unless it is to be kept, the error of its scale."""
        noise = noise_of_both(self.fixed, self.moving, self.options, fit)
        errors = fit_errors(fit.agreeing(transform), transform, noise=noise, scaled=self.options.scale != "keep")
        return errors.between(self.fixed, self.moving) if self.options.shift else errors

    def start(self, mirrored: bool) -> tuple[Matrix, float | None]:
        """Return the rotation from which the search of a hand starts, and its limit in degrees.

        A start with the other hand is not used for this one, which is searched over all rotations, from the identity.
        """
        start = self.options.start_transform()
        if mirrored != is_mirror(start):
            return np.eye(3), None
        return start[:, :3] @ (MIRROR if mirrored else np.eye(3)), self.options.local_degrees

    def allows(self, linear: Matrix) -> bool:
        """Whether an orthogonal matrix is within the limit about the start, if it has the hand of the start."""
        start, limit = self.options.start_transform()[:, :3], self.options.local_degrees if self.options.rotate else 0.0
        if limit is None or np.linalg.det(start) * np.linalg.det(linear) < 0:
            return True
        return float(geodesic_degrees(linear, start)) <= limit + 1e-6

    def random(self, mirrored: bool) -> np.random.Generator:
        """Return the random numbers for the search of a hand, whether the other is searched or not."""
        # A pose that is drawn from the same seed to test the search must not be among its draws.
        return np.random.default_rng(np.random.SeedSequence(self.options.seed, spawn_key=(1 + mirrored,)))
