"""Everything a user can do wrong ends here: collected first, told all at once, one line each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Control characters but tab and line ends, marks that turn the direction of writing, what has no
# width, and halves of pairs: as the inside of a character class.
INVISIBLE = (
    "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\xad\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e"
    "\\u2060-\\u206f\\ud800-\\udfff\\ufeff\\ufff9-\\uffff"
)
_UNPRINTABLE = re.compile(f"[\\t\\n\\r{INVISIBLE}]")
_HIDDEN = re.compile(f"[{INVISIBLE}]")
# A line end that only goes back to the beginning of its line overwrites it.
_COMMANDING = re.compile(f"[{INVISIBLE}]|\r(?!\n)")
# Where an address begins that chats and pages make a link of.
_LINK = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)
_PLACE = re.compile(r"(?P<file>.+?)(?::(?P<line>\d+))(?::(?P<column>\d+))?", re.DOTALL)
_LONGEST = 1000
_TRACEBACK = "Traceback (most recent call last)"
_COUNTED = re.compile(r"\b\d+ errors? occurred:$")
_RULE = re.compile(r"[-=_*]{3,}")


class FactoryError(Exception):
    """The run cannot go on, and the user can do something about it.

    Its text is made for the user: one line per problem, no traceback wanted. ``__main__`` turns it
    into ``pulumi.RunError``; the pure modules stay free of Pulumi.
    """


def printable(text: str) -> str:
    """Give text that stays on its line and shows all it has, whoever wrote it."""
    shown = _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."


def harmless(text: str) -> str:
    """Give text in which nothing is a command to a terminal, or unseen; its lines stay as they are.

    What stands for a character is an escape of JSON, in which it means the same.
    """
    return _COMMANDING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def unlinked(text: str, apart: str) -> str:
    """Give text of which no service makes a link by itself: ``apart`` parts its addresses."""
    return _LINK.sub(apart, text)


def visible(text: str) -> str:
    """Give text without what nobody sees in it, as definitions have to be."""
    return _HIDDEN.sub("", text)


def one_line(error: str) -> str:
    """Write an error of the engine or a provider, which may have many lines, as one.

    Left out is what only sets lines apart: rules, and how Go counts what it lists. Of a traceback
    its end is told. Its first words and at most 1000 characters stay.
    """
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    begins = next((at for at, line in enumerate(lines) if line.startswith(_TRACEBACK)), None)
    if begins is not None:
        lines = [*lines[:begins], lines[-1]]
    told: list[str] = []
    for line in lines:
        item = line.startswith("* ")
        text = _COUNTED.sub("", line.removeprefix("* ")).strip()
        if not text or _RULE.fullmatch(text):
            continue
        if item and told and told[-1][-1] not in ".:;":
            told[-1] += ";"
        told.append(text)
    return printable(" ".join(" ".join(told).split()))


@dataclass(frozen=True)
class Problem:
    """One fault: where it is (``file:line:col`` or a setting), what is wrong and what to do."""

    where: str
    what: str
    todo: str = ""

    def __str__(self) -> str:
        """Give the one line that the user reads."""
        tail = f" -> {self.todo}" if self.todo else ""
        return printable(f"{self.where}: {self.what}{tail}")

    def __lt__(self, other: Problem) -> bool:
        """Order by file, then by line and column as numbers."""
        return (*self.place, self.what, self.todo) < (*other.place, other.what, other.todo)

    @property
    def place(self) -> tuple[str, int, int]:
        """File (or whatever ``where`` names), line and column; 0 where there is none."""
        match = _PLACE.fullmatch(self.where)
        if match is None:
            return self.where, 0, 0
        return match["file"], int(match["line"]), int(match["column"] or 0)


@dataclass
class Problems:
    """A collector: forty faults in one pass are fixed in one pass."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, where: str, what: str, todo: str = "") -> None:
        """Note a fault that stops the run."""
        self.errors.append(Problem(where, what, todo))

    def warn(self, where: str, what: str, todo: str = "") -> None:
        """Note something that looks wrong but harms nothing."""
        self.warnings.append(Problem(where, what, todo))

    def raise_if_any(self, headline: str) -> None:
        """Raise :class:`FactoryError` with every error, sorted by place, if there is one."""
        if not self.errors:
            return
        lines = [str(problem) for problem in sorted(set(self.errors))]
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        raise FactoryError("\n".join([f"{headline}: {count}", *(f"  {line}" for line in lines)]))
