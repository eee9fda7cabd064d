"""Image scraper for the gallery: shows the figure ``picture`` of an example, which is not registered with pyplot."""

from sphinx_gallery.scrapers import figure_rst


def scrape(block, block_vars, gallery_conf):
    """Save a new figure; see the documentation of sphinx-gallery on image scrapers."""
    picture = block_vars["example_globals"].pop("picture", None)
    if picture is None:
        return ""
    path = next(block_vars["image_path_iterator"])
    picture.savefig(path)
    return figure_rst([path], gallery_conf["src_dir"])
