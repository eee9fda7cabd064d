"""A map in which many parts are searched for: what does not depend on the part is computed once."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from botalign.alignment.itself import Itself
from botalign.alignment.survey import Surveyed, survey
from botalign.arrays import Volume
from botalign.maps.density_map import DensityMap

#: Size classes in a factor of two of the radius.
CLASSES = 4
#: Bytes of samples that are kept.
KEPT_BYTES = 2**29

Samples = tuple[Volume, Volume]


@dataclass(frozen=True, eq=False)
class SharedWhole:
    """A map in which many parts are searched for, one after another or in several threads.

    Attributes
    ----------
    density_map : DensityMap
        The map.
    itself : Itself
        The same, surveyed and compared with itself.
    """

    density_map: DensityMap
    itself: Itself
    _samples: dict[Hashable, Samples] = field(default_factory=dict)

    @classmethod
    def of(cls, density_map: DensityMap, *, level: float | None = None, role: str | None = None) -> SharedWhole:
        """Survey a map; contour level and role are those of :func:`botalign.alignment.survey.survey`.

        Raises
        ------
        InputError
            As :func:`botalign.alignment.survey.survey`.
        """
        return cls(density_map, Itself(survey(density_map, level=level, role=role).normalised(), density_map.grid))

    @property
    def surveyed(self) -> Surveyed:
        """The map, surveyed."""
        return self.itself.surveyed

    def kept(self, key: Hashable, compute: Callable[[], Samples]) -> Samples:
        """Return samples of the map by their key; compute them at first use, and forget the oldest if there are many.

        Two threads may compute the same samples. They are equal, so the result does not depend on it.
        """
        found = self._samples.get(key)
        if found is None:
            found = compute()
            room = KEPT_BYTES - _bytes(found)
            for each in list(self._samples):
                if sum(map(_bytes, list(self._samples.values()))) <= room:
                    break
                self._samples.pop(each, None)
            self._samples[key] = found
        return found


def size_class(radius_angstrom: float) -> float:
    """Return the radius of the size class of a part: a power of the fourth root of two, and no less than its radius."""
    return float(2 ** (math.ceil(CLASSES * math.log2(radius_angstrom) - 1e-9) / CLASSES))


def _bytes(samples: Samples) -> int:
    return sum(each.nbytes for each in samples)
