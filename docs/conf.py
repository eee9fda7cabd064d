"""Configuration of the documentation: ``sphinx-build -W --keep-going -b html docs docs/_build/html``."""

import os
import sys
import warnings
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))
# Examples use real maps from this folder if it exists, otherwise the phantom; see docs/examples.
os.environ.setdefault("BOTALIGN_DATA", str(Path(__file__).parents[2] / "shared" / "data"))
warnings.filterwarnings("error", module="botalign")

from screen import have_screen

# Without a screen, the example of the napari plugin is shown but not run; tests/system_packages.sh installs one.
EXECUTED = r"\.py$" if have_screen() else r"plot_(?!napari)[^/\\]*\.py$"

project = "BOTalign"
author = "the BOTalign developers"
copyright = "2026, the BOTalign developers"  # noqa: A001 (a name that Sphinx requires)
version = release = metadata.version("botalign")

templates_path = ["_templates"]
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "printed",
]
exclude_patterns = ["_build", "examples"]
default_role = "literal"
nitpicky = False

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()


sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": EXECUTED,
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "image_scrapers": ("matplotlib", "pictures.scrape"),
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "BOTalign"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_align": "left",
    "show_version_warning_banner": False,
}
# Pages without subpages have no sidebar on the left.
SINGLE_PAGES = ("index", "vocabulary", "method", "wavelets", "measured", "development", "genindex", "search")
html_sidebars = {page: [] for page in SINGLE_PAGES}


def setup(app: object) -> None:
    """Refuse to build an API reference that lacks a public name."""
    import botalign

    listed = (Path(__file__).parent / "api" / "index.rst").read_text().split()
    missing = [name for name in botalign.__all__ if name not in listed]
    if missing:
        raise RuntimeError(f"docs/api/index.rst does not list {', '.join(missing)}")
