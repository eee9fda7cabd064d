"""Shows in the gallery what an example calls ``picture``: a figure that pyplot doesn't know."""

from sphinx_gallery.scrapers import figure_rst


def scrape(block, block_vars, gallery_conf):
    """Save the picture, if there is a new one; see the documentation of sphinx-gallery on image scrapers."""
    picture = block_vars["example_globals"].pop("picture", None)
    if picture is None:
        return ""
    path = next(block_vars["image_path_iterator"])
    picture.savefig(path)
    return figure_rst([path], gallery_conf["src_dir"])
