"""Reads one expression of the template language into a tree.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from factory.importer.arm.values import UnresolvedError

_DEEPEST = 60
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d{1,19}(?:\.\d{1,18})?)|"
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>[(),.\[\]?]))"
)
_UNREADABLE = "is no expression that can be read"


@dataclass(frozen=True)
class Literal:
    """A text or a number."""

    content: str | int | float


@dataclass(frozen=True)
class Call:
    """A function with its arguments; the name is in lower case, as spelled in ``shown``."""

    name: str
    shown: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Access:
    """A part of a value: ``value.name`` or ``value[index]``; ``optional`` if it may be missing."""

    of: Node
    index: Node
    optional: bool = False


Node = Literal | Call | Access


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """Read an expression, without the brackets around it. Raises UnresolvedError."""
    reader = _Reader(text)
    node = reader.value(0)
    if reader.text[reader.at :].strip():
        raise UnresolvedError(_UNREADABLE)
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def next(self) -> tuple[str, str]:
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            return "", ""
        self.at = found.end()
        kind = str(found.lastgroup)
        return kind, found[kind]

    def take(self, *marks: str) -> str:
        """Take one of some marks if it comes next; otherwise nothing."""
        before = self.at
        kind, token = self.next()
        if kind == "mark" and token in marks:
            return token
        self.at = before
        return ""

    def value(self, depth: int) -> Node:
        if depth > _DEEPEST:
            msg = "is nested too deeply"
            raise UnresolvedError(msg)
        kind, token = self.next()
        node: Node
        if kind == "string":
            node = Literal(token[1:-1].replace("''", "'"))
        elif kind == "number":
            node = Literal(float(token) if "." in token else int(token))
        elif kind == "name":
            while self.take("."):  # a function of a template's own: namespace.name
                token = f"{token}.{self.name()}"
            self.must("(")
            node = Call(token.lower(), token, tuple(self.arguments(depth)))
        else:
            raise UnresolvedError(_UNREADABLE)
        while mark := self.take(".", "["):
            optional = bool(self.take("?"))
            index: Node = Literal(self.name()) if mark == "." else self.value(depth + 1)
            if mark == "[":
                self.must("]")
            node = Access(node, index, optional)
        return node

    def arguments(self, depth: int) -> list[Node]:
        if self.take(")"):
            return []
        found = [self.value(depth + 1)]
        while not self.take(")"):
            self.must(",")
            found.append(self.value(depth + 1))
        return found

    def name(self) -> str:
        kind, token = self.next()
        if kind != "name":
            raise UnresolvedError(_UNREADABLE)
        return token

    def must(self, mark: str) -> None:
        if not self.take(mark):
            raise UnresolvedError(_UNREADABLE)
