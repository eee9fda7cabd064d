"""BOTalign in napari: readers, writers, sample data and dock widgets, all thin; see ``napari.yaml``."""
