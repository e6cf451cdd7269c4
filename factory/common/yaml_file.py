"""YAML with places: every value knows its file, line and column, and nothing is guessed.

All scalars stay text: the models decide what is a number or a switch. That disarms the classic
traps (``1.10`` read as 1.1, ``on`` as true, ``19:00`` as 1140). A key given twice is a fault.

Input is hostile until it is read: size, depth and count are bounded before anything is built, and
the parser is asked event by event, so that neither recursion nor an alias can unfold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from factory.common.errors import Problems
from factory.common.text_file import HIDDEN, about_hidden, read_text

Loc = tuple[str | int, ...]

# A real definition has some hundred lines. What is larger is no definition, whatever it says.
MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
MAX_VALUES = 20_000


@dataclass(frozen=True)
class Limits:
    """How large a file may be; a generated one holds more than any that is written by hand."""

    size: int = MAX_BYTES
    values: int = MAX_VALUES


_BY_HAND = Limits()
# The C parser is ten times as fast; it is not in every build of PyYAML.
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True)
class YamlFile:
    """The content of one file and where each value stands in it."""

    path: Path
    shown: str
    data: dict[str, Any]
    marks: dict[Loc, tuple[int, int]]

    def place(self, loc: Loc) -> str:
        """Give ``file:line:col`` of a value, or of the nearest thing around it that is there."""
        while loc and loc not in self.marks:
            loc = loc[:-1]
        line, column = self.marks.get(loc, (1, 1))
        return f"{self.shown}:{line}:{column}"


class _StopError(Exception):
    """The file cannot be used at all; ``mark`` is where that shows, None for the whole of it."""

    def __init__(self, mark: Any, what: str, todo: str = "") -> None:
        super().__init__(what)
        self.mark, self.what, self.todo = mark, what, todo


class _Reader:
    """Turns parser events into plain values, noting each one's place and each doubled key."""

    def __init__(
        self,
        shown: str,
        problems: Problems,
        resolve: Callable[[str], Any] | None,
        most: int,
    ) -> None:
        self.shown = shown
        self.problems = problems
        self.marks: dict[Loc, tuple[int, int]] = {}
        self._resolve = resolve
        self._count, self._most = 0, most

    def document(self, events: Iterator[Any]) -> Any:
        """Build the one document of a file; None for an empty one. Raises _StopError."""
        found: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _StopError(
                        event.start_mark,
                        "a second document begins here (---)",
                        "one file holds one document; put the other into a file of its own",
                    )
            elif not isinstance(
                event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent
            ):
                if not isinstance(event, yaml.MappingStartEvent) and not _is_null(event):
                    raise _StopError(
                        event.start_mark,
                        "is not YAML of a definition: expected a mapping",
                        "write fields such as `os: windows`",
                    )
                found = self._value(event, events, ())
        return found

    def _value(self, event: Any, events: Iterator[Any], loc: Loc) -> Any:
        mark = event.start_mark
        self._check(event, mark, loc)
        self.marks.setdefault(loc, (mark.line + 1, mark.column + 1))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._value(event, events, (*loc, len(items))))
            return items
        return self._mapping(events, loc)

    def _check(self, event: Any, mark: Any, loc: Loc) -> None:
        self._count += 1
        if self._count > self._most:
            raise _StopError(mark, f"holds more than {self._most} values", "split it")
        if len(loc) > MAX_DEPTH:
            raise _StopError(mark, f"is nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            raise _StopError(mark, "YAML aliases (*name) are not used here", "write the value out")
        if event.tag is not None:
            raise _StopError(
                mark, f"YAML tags ({event.tag[:40]}) are not used here", "write the plain value"
            )

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        hidden = HIDDEN.search(text)
        if hidden:  # by an escape such as "\u202e": what stands in the file was looked at before
            self._fault(event.start_mark, *about_hidden(hidden[0]))
        if not event.implicit[0]:
            return text
        if text in _NULLS:
            return None
        return self._resolve(text) if self._resolve else text

    def _mapping(self, events: Iterator[Any], loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            mark = event.start_mark
            if not isinstance(event, yaml.ScalarEvent):
                self._value(event, events, (*loc, "?"))
                self._value(next(events), events, (*loc, "?"))
                self._fault(mark, "a key must be plain text")
                continue
            self._scalar(event)
            key: str = event.value
            if key in found:
                self._fault(mark, f"the key {key[:60]!r} is given twice", "keep one of the two")
            self.marks[(*loc, key)] = (mark.line + 1, mark.column + 1)
            found[key] = self._value(next(events), events, (*loc, key))
        return found

    def _fault(self, mark: Any, what: str, todo: str = "") -> None:
        self.problems.error(f"{self.shown}:{mark.line + 1}:{mark.column + 1}", what, todo)


def read_yaml(
    path: Path,
    shown: str,
    problems: Problems,
    resolve: Callable[[str], Any] | None = None,
    limits: Limits = _BY_HAND,
) -> YamlFile | None:
    """Read one mapping from a file; what cannot be read is noted in ``problems`` and gives None.

    ``resolve`` makes values of plain scalars where text is not enough. Never raises for what the
    file holds; takes time and memory by ``limits``, not by what the file would unfold to.
    """
    text = read_text(path, shown, problems, limits.size)
    if text is None:
        return None
    reader = _Reader(shown, problems, resolve, limits.values)
    before = len(problems.errors)
    try:
        data = reader.document(iter(yaml.parse(text, Loader=_PARSER)))
    except _StopError as stop:
        problems.error(_place(shown, stop.mark), stop.what, stop.todo)
    except yaml.YAMLError as error:
        _note_syntax(error, text, shown, problems)
    if len(problems.errors) > before:
        return None
    return YamlFile(path, shown, data or {}, reader.marks)


def _is_null(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.implicit[0] and event.value in _NULLS


def _note_syntax(error: yaml.YAMLError, text: str, shown: str, problems: Problems) -> None:
    mark = getattr(error, "problem_mark", None)
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    todo = ""
    lines = text.split("\n", mark.line + 1) if mark else []
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line[: mark.column + 1 if mark else 0]:
        reason, todo = "a tab stands where YAML wants spaces", "indent with spaces"
    problems.error(_place(shown, mark), f"is not YAML: {' '.join(reason.split())[:200]}", todo)


def _place(shown: str, mark: Any) -> str:
    return f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
