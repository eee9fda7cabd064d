"""Stacks of images, and the lists that refer to them.

The public names, listed in ``__init__.pyi``, are loaded on first use, so that the options can be read without loading
numerics.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
