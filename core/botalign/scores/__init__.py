"""Scores: correlation and Fourier shell correlation of two maps, or of a map and a model."""

from botalign.scores.chain_fits import (
    MISSING,
    ChainFit,
    chain_fits,
    low_density_text,
    missing_chains_text,
    missing_names,
)
from botalign.scores.correlation import correlation, correlation_about_mean, jackknife_difference, jackknife_mean
from botalign.scores.curves import CURVE_EXTENSIONS, THRESHOLDS, ShellCurves
from botalign.scores.model_fit import ModelFit, model_fit
from botalign.scores.shells import ShellCorrelation, correlate_shells, fourier_shell_correlation, shell_power

__all__ = [
    "CURVE_EXTENSIONS",
    "MISSING",
    "THRESHOLDS",
    "ChainFit",
    "ModelFit",
    "ShellCorrelation",
    "ShellCurves",
    "chain_fits",
    "correlate_shells",
    "correlation",
    "correlation_about_mean",
    "fourier_shell_correlation",
    "jackknife_difference",
    "jackknife_mean",
    "low_density_text",
    "missing_chains_text",
    "missing_names",
    "model_fit",
    "shell_power",
]
