"""What an import has to say: collected on the way, printed at the end, safe to print."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How much a reader has to care, in the order in which it is told."""

    LOST = "not carried over"
    SECRET = "secrets to set"  # noqa: S105 - a headline
    RENAMED = "renamed"
    DIFFERENT = "different here"


@dataclass(frozen=True, order=True)
class Note:
    """One line: the file (and place in it), what it is about, and why or what to do."""

    where: str
    what: str
    why: str

    def __str__(self) -> str:
        """Give the one line that the user reads."""
        return (
            f"{self.where}: {self.what}: {self.why}" if self.what else f"{self.where}: {self.why}"
        )


@dataclass
class Notes:
    """All that one import has to say."""

    found: dict[Kind, list[Note]] = field(default_factory=dict)

    def add(self, kind: Kind, where: str, what: str, why: str) -> None:
        """Note one thing; whatever was read is made printable here, on one line."""
        note = Note(printable(where), printable(what), printable(why))
        lines = self.found.setdefault(kind, [])
        if note not in lines:
            lines.append(note)

    def lost(self, where: str, what: str, why: str) -> None:
        """Note what does not reach the new files."""
        self.add(Kind.LOST, where, what, why)

    def lines(self) -> list[str]:
        """Give everything by kind, each under its headline."""
        told: list[str] = []
        for kind in Kind:
            if notes := self.found.get(kind):
                told += [f"{kind.value.capitalize()} ({len(notes)}):", *(f"  {n}" for n in notes)]
        return told


def printable(text: str, longest: int = 300) -> str:
    """Give a text without line breaks, control characters and marks that turn the direction."""
    safe = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
    return safe if len(safe) <= longest else f"{safe[:longest]}..."
