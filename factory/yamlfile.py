"""YAML with places: every value knows its file, line and column, and nothing is guessed.

All scalars stay text: the models decide what is a number or a switch. That disarms the classic
traps (``1.10`` read as 1.1, ``on`` as true, ``19:00`` as 1140). A key given twice is a fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from factory.problems import Problems

Loc = tuple[str | int, ...]


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


class _Reader:
    """Turns YAML nodes into plain values, noting each one's place and each doubled key."""

    def __init__(self, shown: str, problems: Problems) -> None:
        self.shown = shown
        self.problems = problems
        self.marks: dict[Loc, tuple[int, int]] = {}
        self._open: set[int] = set()

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        self.marks.setdefault(loc, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.ScalarNode):
            return None if node.tag == "tag:yaml.org,2002:null" else node.value
        if id(node) in self._open:
            self._fault(node, "an alias refers to itself")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*loc, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, loc)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, "a key must be plain text")
                continue
            key = key_node.value
            if key in found:
                self._fault(key_node, f"the key {key!r} is given twice")
            self.marks[(*loc, key)] = (
                key_node.start_mark.line + 1,
                key_node.start_mark.column + 1,
            )
            found[key] = self.value(value_node, (*loc, key))
        return found

    def _fault(self, node: yaml.Node, what: str) -> None:
        place = f"{self.shown}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        self.problems.error(place, what)


def read_yaml(path: Path, shown: str, problems: Problems) -> YamlFile | None:
    """Read one mapping from a file; what cannot be read is noted in ``problems`` and gives None.

    Never raises for what the file holds. Aliases are expanded only as often as they are written,
    and their number is bounded, so that a small file cannot unfold into a huge one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.error(shown, f"cannot be read: {error}", "the file must be readable UTF-8 text")
        return None
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            problems.error(shown, "YAML aliases (*name) are not used here", "write the value out")
            return None
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
        problems.error(place, f"is not YAML: {getattr(error, 'problem', None) or error}")
        return None
    except RecursionError:
        problems.error(shown, "is nested too deeply")
        return None
    if node is None:
        return YamlFile(path, shown, {}, {})
    if not isinstance(node, yaml.MappingNode):
        problems.error(f"{shown}:1:1", "expected a mapping of fields such as `os: windows`")
        return None
    before = len(problems.errors)
    reader = _Reader(shown, problems)
    data = reader.value(node, ())
    return YamlFile(path, shown, data, reader.marks) if len(problems.errors) == before else None
