"""Atomic models: reading, moving and writing, and their density maps."""

from botalign.models.complex_file import write_complex
from botalign.models.density import (
    HIGHEST_RESOLUTION,
    LOWEST_RESOLUTION,
    SIGMA_PER_RESOLUTION,
    checked_resolution,
    simulate,
)
from botalign.models.identity import content_identity
from botalign.models.model import Model, expect_model
from botalign.models.parsing import ModelText, ModelWarning
from botalign.models.reading import holds_model, read_model
from botalign.models.writing import MMCIF_EXTENSIONS, MODEL_EXTENSIONS

__all__ = [
    "HIGHEST_RESOLUTION",
    "LOWEST_RESOLUTION",
    "MMCIF_EXTENSIONS",
    "MODEL_EXTENSIONS",
    "SIGMA_PER_RESOLUTION",
    "Model",
    "ModelText",
    "ModelWarning",
    "checked_resolution",
    "content_identity",
    "expect_model",
    "holds_model",
    "read_model",
    "simulate",
    "write_complex",
]
