"""Reads text that somebody else wrote: bounded before it is read, UTF-8, nothing hidden in it.

And writes a file, so that nobody ever reads half of it.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

from factory.common.errors import INVISIBLE, FactoryError, Problems

HIDDEN = re.compile(f"[{INVISIBLE}]")


def read_text(path: Path, shown: str, problems: Problems, most: int) -> str | None:
    """Read a regular file of at most ``most`` bytes as UTF-8, with or without a byte order mark.

    What cannot be read is noted in ``problems`` and gives None; so is what nobody would see in it.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            problems.error(shown, "is not a regular file", "put a text file there")
            return None
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problems.error(shown, f"cannot be read: {reason}", "the file must be readable")
        return None
    if len(raw) > most:
        size = max(status.st_size, len(raw))
        problems.error(
            shown, f"has {size} bytes, at most {most} are read", "a definition is a short text"
        )
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        kind = "it looks like UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "not UTF-8"
        problems.error(f"{shown}:{line}:1", f"cannot be read: {kind}", "save it as UTF-8 text")
        return None
    hidden = HIDDEN.search(text)
    if hidden:
        line = text.count("\n", 0, hidden.start()) + 1
        column = hidden.start() - text.rfind("\n", 0, hidden.start())
        problems.error(f"{shown}:{line}:{column}", *about_hidden(hidden[0]))
        return None
    return text


def replace_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all. Raises OSError."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, encoding="utf-8", newline="\n")
    new.replace(path)


def write_new(path: Path, shown: str, text: str, todo: str) -> None:
    """Write a file that is not there yet; ``todo`` says what to do where it is.

    Raises :class:`FactoryError`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        msg = f"{shown} is there already -> {todo}"
        raise FactoryError(msg) from None
    except OSError as error:
        msg = f"{shown} cannot be written: {error.strerror}"
        raise FactoryError(msg) from None


def about_hidden(character: str) -> tuple[str, str]:
    """Say what is wrong with a character that nobody sees, and what to do."""
    return (
        f"holds U+{ord(character):04X}, which nobody sees",
        "take it out: what a reader sees and what the file says must be one",
    )
