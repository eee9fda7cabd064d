"""Scores: correlation and Fourier shell correlation of two maps, or of a map and a model."""

from botalign.scores.correlation import correlation, correlation_about_mean, jackknife_difference, jackknife_mean
from botalign.scores.curves import CURVE_EXTENSIONS, THRESHOLDS, ShellCurves
from botalign.scores.model_fit import ModelFit, model_fit
from botalign.scores.shells import ShellCorrelation, correlate_shells, fourier_shell_correlation, shell_power

__all__ = [
    "CURVE_EXTENSIONS",
    "THRESHOLDS",
    "ModelFit",
    "ShellCorrelation",
    "ShellCurves",
    "correlate_shells",
    "correlation",
    "correlation_about_mean",
    "fourier_shell_correlation",
    "jackknife_difference",
    "jackknife_mean",
    "model_fit",
    "shell_power",
]
