"""Values of a STAR file as they are written."""

from __future__ import annotations

import re

import numpy as np

_PLAIN = re.compile(rb"(?!data_|loop_|save_|stop_|global_)[^\s_#$'\"\[\];][^\s]*|\[\S*", re.IGNORECASE)


def quoted(text: str) -> bytes:
    """Return a value as it is written, in quotes where it needs them."""
    value = text.encode(errors="surrogateescape")
    if _PLAIN.fullmatch(value):
        return value
    quote = b"'" if b'"' in value else b'"'
    return quote + value + quote


def number_text(value: float) -> str:
    """Return a number as it is written: whole numbers without decimals, others with at least six digits."""
    if isinstance(value, int | np.integer):
        return str(value)
    value = float(value) + 0.0
    return f"{value:.6f}" if value == 0 or abs(value) >= 1e-3 else f"{value:.6e}"


def unquoted(value: bytes) -> str:
    """Return a value without quotes; bytes that are not UTF-8 become surrogates."""
    if value[:1] in (b"'", b'"') and len(value) > 1 and value[-1] == value[0]:
        value = value[1:-1]
    elif value[:1] == b";" and b"\n" in value:
        value = value[1:-1].removesuffix(b"\n").removesuffix(b"\r")
    return value.decode(errors="surrogateescape")
