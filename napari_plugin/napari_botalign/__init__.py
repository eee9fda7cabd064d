"""BOTalign in napari: reader, writer, sample data and dock widgets, which ``napari.yaml`` lists."""
