"""Keeping the emulator small: glibc's heaps, and what large requests leave behind."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import Any

LARGE = 1 << 20
"""Bodies of that many bytes are cleaned up after at once."""

_M_ARENA_MAX = -8
"""The number of the parameter in glibc's malloc.h."""


def _libc() -> Any:
    return ctypes.CDLL(None)


def spare() -> None:
    """Keep two heaps and not one for each thread: every connection has a thread, and heaps are never given back."""
    with suppress(AttributeError, OSError):
        _libc().mallopt(_M_ARENA_MAX, 2)


def settle() -> None:
    """Call when everything is loaded: what lives until the end is not looked at again by the collector."""
    gc.collect()
    gc.freeze()


def give_back(environ: dict[str, Any]) -> None:
    """After a large body: requests are cycles that hold it until the collector happens to run."""
    if int(environ.get("CONTENT_LENGTH") or 0) < LARGE:
        return
    gc.collect()
    with suppress(AttributeError, OSError):
        _libc().malloc_trim(0)
