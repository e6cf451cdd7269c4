"""Reads JSON as people write it and Azure takes it: BOM, UTF-16, comments, loose commas, long text.

Azure's services read with Json.NET, which also takes a text that goes over several lines, and one
in single quotes. Bounded: a file that is too large, nested too deeply or no JSON is said so in one
line.
"""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path
from typing import Any

# Azure takes templates of at most 4 MB.
LARGEST = 4 * 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A string first, so that what looks like a comment in one stays; then comments.
# What never ends runs to the end of the text, so that no text is gone through twice.
_TOKENS = re.compile(
    r"""("(?:[^"\\]|\\.)*"?)|('(?:[^'\\]|\\.)*'?)|//[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL
)
_LOOSE_COMMA = re.compile(r'("(?:[^"\\]|\\.)*"?)|,(?=\s*[}\]])', re.DOTALL)


class UnreadableError(Exception):
    """The file cannot be understood; the text says why, without quoting its content."""


def read_json(path: Path) -> Any:
    """Read a file as JSON. Raises :class:`UnreadableError`."""
    return parse_json(read_text(path))


def read_text(path: Path) -> str:
    """Read a file as text. Raises :class:`UnreadableError`."""
    return _decoded(read_bytes(path))


def is_manifest(path: Path) -> bool:
    """Tell whether a file is an artifact's manifest; its name counts in any letter case."""
    return path.name.lower() == "artifactfile.json"


def read_bytes(path: Path) -> bytes:
    """Read a file that is not too large. Raises :class:`UnreadableError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        msg = f"cannot be read: {error.strerror}"
        raise UnreadableError(msg) from None
    if len(raw) > LARGEST:
        msg = f"is larger than {LARGEST // 1024 // 1024} MB, which Azure would not take either"
        raise UnreadableError(msg)
    return raw


def parse_json(text: str) -> Any:
    """Parse JSON as Json.NET does. Raises :class:`UnreadableError`."""
    plain = _LOOSE_COMMA.sub(lambda found: found[1] or " ", _TOKENS.sub(_blank, text))
    try:
        return json.loads(plain, object_pairs_hook=_once, parse_constant=_no_constant, strict=False)
    except json.JSONDecodeError as error:
        msg = f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        raise UnreadableError(msg) from None
    except RecursionError:
        msg = "is nested too deeply"
        raise UnreadableError(msg) from None
    except ValueError as error:
        msg = f"is not JSON: {str(error)[:100]}"
        raise UnreadableError(msg) from None


def _decoded(raw: bytes) -> str:
    encoding = next((name for bom, name in _BOMS if raw.startswith(bom)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        msg = "is neither UTF-8 nor UTF-16: save it as UTF-8"
        raise UnreadableError(msg) from None


def _blank(found: re.Match[str]) -> str:
    """Put blanks in a comment's place, so that lines and columns stay what they are."""
    if found[1]:
        return found[1]
    if found[2]:
        inner = found[2][1:].removesuffix("'").replace("\\'", "'")
        return '"' + re.sub(r'(\\.)|"', lambda at: at[1] or '\\"', inner, flags=re.DOTALL) + '"'
    return re.sub(r"[^\n]", " ", found[0])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            msg = f"the key {key[:60]!r} is given twice in one object"
            raise ValueError(msg)
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    msg = f"{name} is no JSON value"
    raise ValueError(msg)
