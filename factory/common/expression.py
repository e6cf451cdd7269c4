"""Expressions of the Common Expression Language (https://cel.dev), held to what ends at once.

CEL has no loop, no file and no network; the engine matches patterns in linear time. What is left
is bounded here: the length of an expression, and how often it goes through a list, which would
multiply where one stands within another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from factory.common.errors import one_line
from factory.common.messages import suggestion

if TYPE_CHECKING:
    import cel

_LONGEST = 1000
_MOST_WALKS = 2
_WALK = re.compile(r"\b(all|exists|exists_one|map|filter)\b")
_OWN = re.compile(rf"\.\s*{_WALK.pattern}\s*\(\s*([A-Za-z_]\w*)\s*,")
_TEXT = re.compile(r"""[rR]?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|//[^\n]*""")
_PATH = re.compile(r"(?<![.\w])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?!\w|\s*\()")
# What the engine raises besides KeyError, by what went wrong.
_ENGINES = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_UNDEFINED = re.compile(r"Undefined variable or function: '([^']*)'")
_PARSED = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)")


class ExpressionError(Exception):
    """An expression is wrong, or cannot be judged of what it was given."""


@dataclass(frozen=True)
class Given:
    """Plain values by their names, made the engine's once for all expressions."""

    values: Mapping[str, Any]

    @cached_property
    def context(self) -> cel.Context:
        """The values as the engine has them."""
        # The package brings a command line of its own, which takes longer to import than ours.
        import cel  # noqa: PLC0415

        return cel.Context(variables=dict(self.values))


@dataclass(frozen=True)
class Expression:
    """One that was read; ``paths`` are those in it that begin with a known name, in order."""

    text: str
    paths: tuple[tuple[str, ...], ...]

    def holds(self, given: Given) -> bool:
        """Judge it of values. Raises :class:`ExpressionError`."""
        try:
            found = _program(self.text).execute(given.context)
        except KeyError as error:
            name = str(error).strip("'\"")
            msg = f"there is nothing called {name!r} -> ask first: has(...), or {name!r} in ..."
            raise ExpressionError(msg) from None
        except _ENGINES as error:
            text = one_line(str(error)).split(". ")[0]
            raise ExpressionError(text) from None
        if not isinstance(found, bool):
            msg = f"gives {type(found).__name__} {str(found)[:60]!r}, expected true or false"
            raise ExpressionError(msg)
        return found


@cache
def _program(text: str) -> cel.Program:
    import cel  # noqa: PLC0415 - see above

    return cel.compile(text)


def read_expression(text: str, known: Mapping[str, Any]) -> Expression:
    """Read one; ``known`` are the values that it will be given, or such as they may be.

    Raises :class:`ExpressionError`.
    """
    if len(text) > _LONGEST:
        msg = f"has {len(text)} characters, at most {_LONGEST} are expected -> make two of it"
        raise ExpressionError(msg)
    bare = _TEXT.sub('""', text)
    walks = len(_WALK.findall(bare))
    if walks > _MOST_WALKS:
        msg = (
            f"goes through lists {walks} times (all, exists, map, filter), at most {_MOST_WALKS} "
            "are expected -> make two of it"
        )
        raise ExpressionError(msg)
    try:
        _program(text)
    except ValueError as error:
        raise ExpressionError(_parsed(str(error))) from None
    own = {name for _, name in _OWN.findall(bare)}
    paths = [tuple(each.split(".")) for each in _PATH.findall(bare)]
    paths = [path for path in paths if path[0] not in own]
    for path in paths:
        _check(path, known)
    expression = Expression(text, tuple(paths))
    try:
        expression.holds(Given(known))
    except ExpressionError as error:
        # What an example lacks, or has as another type, is told once it is asked of the real.
        if found := _UNDEFINED.search(str(error)):
            raise ExpressionError(_none(found[1], known)) from None
    return expression


def _parsed(error: str) -> str:
    found = _PARSED.search(error)
    if found is None:
        return one_line(error)
    line, column, what = found.groups()
    place = f"character {column}" if line == "1" else f"line {line}, character {column}"
    return f"is no expression: {what.split(' expecting ')[0]} at {place}"


def _check(path: tuple[str, ...], known: Mapping[str, Any]) -> None:
    """Refuse what is asked for and never there; keys of open mappings (tags) nobody can know."""
    node: Any = known
    for at, name in enumerate(path):
        if not isinstance(node, Mapping) or isinstance(node, Open):
            return
        if name not in node:
            raise ExpressionError(_none(name, node, ".".join(path[:at])))
        node = node[name]


def _none(name: str, known: Mapping[str, Any], within: str = "") -> str:
    what = f"{within} has no {name}" if within else f"there is nothing called {name!r} here"
    near = suggestion(name, known)
    return f"{what} -> {near}" if near else what


class Open(dict[str, Any]):
    """A mapping whose keys are the user's own."""
