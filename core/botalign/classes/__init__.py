"""Class averages of images."""
