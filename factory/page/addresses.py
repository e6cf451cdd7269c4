"""Where each view of the site lies: names of files that every system and browser takes."""

from __future__ import annotations

import hashlib
import re

# What reads the same in a file's name, in an address, and where letter case is not told apart.
_PLAIN = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
_LONGEST = 100


def _slug(*words: str) -> str:
    """Give a name of a file for words; any that are not plain, or many, end in a hash of them."""
    told = "/".join(words)
    if _PLAIN.fullmatch(told) and len(told) <= _LONGEST:
        return told.replace("/", "--")
    stem = re.sub(r"[^a-z0-9]+", "-", told.lower())[:_LONGEST].strip("-")
    digest = hashlib.sha256("\0".join(words).encode(errors="replace")).hexdigest()[:12]
    return f"{stem}---{digest}"


def image_address(identity: str) -> str:
    """Name the view of an image, without its ending."""
    return f"images/{_slug(identity)}"


def lab_address(stack: str, lab: str) -> str:
    """Name the view of a lab, without its ending."""
    return f"labs/{_slug(stack, lab)}"


def run_address(stack: str) -> str:
    """Name the view of a stack's run, without its ending."""
    return f"runs/{_slug(stack)}"
