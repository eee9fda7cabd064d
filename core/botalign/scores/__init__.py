"""Scores of the similarity of two maps: correlation and Fourier shell correlation."""

from botalign.scores.correlation import correlation, correlation_about_mean, jackknife_difference, jackknife_mean
from botalign.scores.shells import ShellCorrelation, correlate_shells, fourier_shell_correlation

__all__ = [
    "ShellCorrelation",
    "correlate_shells",
    "correlation",
    "correlation_about_mean",
    "fourier_shell_correlation",
    "jackknife_difference",
    "jackknife_mean",
]
