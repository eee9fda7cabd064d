"""Put one cryo-EM density map onto another, from any starting pose.

The public names are handed on lazily (PEP 562), so that importing the package, or asking the command line for help,
loads no numerics. What the rooms hold beyond them is imported from the rooms: ``from botalign.search import search``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botalign.alignment import (
        Alignment,
        Candidate,
        Comparison,
        HandDecision,
        Progress,
        Scores,
        align,
        align_steps,
        difference,
        potential,
        score,
    )
    from botalign.classes import (
        Classification,
        ClassifyProgress,
        ImageList,
        Iteration,
        classify,
        classify_steps,
        read_images,
        write_image_list,
    )
    from botalign.conformations import (
        DiffusionMap,
        DistanceProgress,
        DistanceTable,
        EmbeddingTable,
        Landscape,
        LatentSubset,
        PhantomFamily,
        TrainingProgress,
        circular_rank_correlation,
        diffusion_map,
        distance_steps,
        distances,
        landscape,
        landscape_steps,
        phantom_family,
        read_distances,
        read_embedding,
        read_latents,
        read_subset,
        write_distances,
    )
    from botalign.errors import InputError
    from botalign.maps import (
        DensityMap,
        Grid,
        ImageStack,
        MapWarning,
        Projections,
        average,
        contour_level,
        describe,
        holds_images,
        moved,
        phantom,
        projections,
        read,
        read_header,
        read_stack,
        write,
        write_stack,
    )
    from botalign.scores import ShellCorrelation, correlation, correlation_about_mean, fourier_shell_correlation
    from botalign.transport import embed, wemd

_HOMES = {
    "botalign.alignment": (
        "Alignment", "Candidate", "Comparison", "HandDecision", "Progress", "Scores", "align", "align_steps",
        "difference", "potential", "score",
    ),
    "botalign.classes": (
        "Classification", "ClassifyProgress", "ImageList", "Iteration", "classify", "classify_steps", "read_images",
        "write_image_list",
    ),
    "botalign.conformations": (
        "DiffusionMap", "DistanceProgress", "DistanceTable", "EmbeddingTable", "Landscape", "LatentSubset",
        "PhantomFamily", "TrainingProgress", "circular_rank_correlation", "diffusion_map", "distance_steps",
        "distances", "landscape", "landscape_steps", "phantom_family", "read_distances", "read_embedding",
        "read_latents", "read_subset", "write_distances",
    ),
    "botalign.errors": ("InputError",),
    "botalign.maps": (
        "DensityMap", "Grid", "ImageStack", "MapWarning", "Projections", "average", "contour_level", "describe",
        "holds_images", "moved", "phantom", "projections", "read", "read_header", "read_stack", "write", "write_stack",
    ),
    "botalign.scores": ("ShellCorrelation", "correlation", "correlation_about_mean", "fourier_shell_correlation"),
    "botalign.transport": ("embed", "wemd"),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Alignment",
    "Candidate",
    "Classification",
    "ClassifyProgress",
    "Comparison",
    "DensityMap",
    "DiffusionMap",
    "DistanceProgress",
    "DistanceTable",
    "EmbeddingTable",
    "Grid",
    "HandDecision",
    "ImageList",
    "ImageStack",
    "InputError",
    "Iteration",
    "Landscape",
    "LatentSubset",
    "MapWarning",
    "PhantomFamily",
    "Progress",
    "Projections",
    "Scores",
    "ShellCorrelation",
    "TrainingProgress",
    "align",
    "align_steps",
    "average",
    "circular_rank_correlation",
    "classify",
    "classify_steps",
    "contour_level",
    "correlation",
    "correlation_about_mean",
    "describe",
    "difference",
    "diffusion_map",
    "distance_steps",
    "distances",
    "embed",
    "fourier_shell_correlation",
    "holds_images",
    "landscape",
    "landscape_steps",
    "moved",
    "phantom",
    "phantom_family",
    "potential",
    "projections",
    "read",
    "read_distances",
    "read_embedding",
    "read_header",
    "read_images",
    "read_latents",
    "read_stack",
    "read_subset",
    "score",
    "wemd",
    "write",
    "write_distances",
    "write_image_list",
    "write_stack",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the room it lives in."""
    if name == "__version__":
        from importlib.metadata import version

        return version("botalign")
    if name not in _HOME:
        raise AttributeError(f"module 'botalign' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names too, though they may not be loaded yet."""
    return sorted({*globals(), *__all__})
