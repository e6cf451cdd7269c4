"""Resolves the ARM expressions that definitions of the original factory are written with.

Only what is a matter of text: parameters with a default, variables, concat, resourceId and their
like. A parameter that is given at deployment alone has no value here; where a text merely passes by
it (the lab's name within an id), the rest is still known. Work and length are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.importer.arm_functions import FUNCTIONS, HOLE, LONGEST, OPEN, UnresolvedError

_MOST_STEPS, _DEEPEST = 5_000, 40
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d{1,18})|"
    r"(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<mark>[(),.\[\]]))"
)


@dataclass(frozen=True)
class Value:
    """A resolved value; ``secret`` if a securestring went into it, ``holes`` name what is open."""

    content: Any
    secret: bool = False
    holes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The value as ARM would write it into a text."""
        if isinstance(self.content, bool):
            return "true" if self.content else "false"
        return self.content if isinstance(self.content, str) else str(self.content)


@dataclass
class Scope:
    """One template's parameters and variables, and how much work is left for it."""

    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]
    steps: int = 0
    known: dict[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, template: Mapping[str, Any]) -> Scope:
        """Take the scope of a template; letter case means nothing to ARM."""
        return cls(_lowered(template.get("parameters")), _lowered(template.get("variables")))

    def resolve(self, value: Any) -> Value:
        """Give the value of anything that stands in a template. Raises UnresolvedError."""
        return self._resolve(value, 0)

    def is_secure(self, value: Any) -> bool:
        """Tell whether a value takes in a secure parameter, resolvable or not."""
        if not isinstance(value, str):
            return False
        named = re.findall(r"parameters\s*\(\s*'([^']*)'", value, re.IGNORECASE)
        inner = re.findall(r"variables\s*\(\s*'([^']*)'", value, re.IGNORECASE)
        self._step()
        return any(self._secure(name) for name in named) or any(
            self.is_secure(self.variables.get(name.lower())) for name in inner
        )

    def _secure(self, name: str) -> bool:
        spec = self.parameters.get(name.lower())
        return isinstance(spec, Mapping) and str(spec.get("type", "")).lower().startswith("secure")

    def _step(self) -> None:
        self.steps += 1
        if self.steps > _MOST_STEPS:
            msg = "the template's expressions are too much work"
            raise UnresolvedError(msg)

    def _resolve(self, value: Any, depth: int) -> Value:
        self._step()
        if depth > _DEEPEST:
            msg = "expressions refer to one another too deeply, or in a circle"
            raise UnresolvedError(msg)
        if not isinstance(value, str):
            return Value(value)
        if HOLE in value:
            msg = "holds a character that is none"
            raise UnresolvedError(msg)
        if value.startswith("[["):
            return Value(value[1:])
        if not (value.startswith("[") and value.endswith("]")):
            return Value(value)
        return _Parser(self, value[1:-1], depth).whole()

    def parameter(self, name: str, depth: int) -> Value:
        """Give a parameter's default, or a hole where only a deployment would know."""
        spec = self.parameters.get(name.lower())
        secret = self._secure(name)
        if not isinstance(spec, Mapping) or "defaultValue" not in spec:
            return Value(HOLE, secret, (f"parameter {name!r} has no default",))
        found = self._resolve(spec["defaultValue"], depth + 1)
        return Value(found.content, secret or found.secret, found.holes)

    def variable(self, name: str, depth: int) -> Value:
        """Give a variable's value."""
        if name.lower() not in self.variables:
            msg = f"there is no variable {name!r}"
            raise UnresolvedError(msg)
        if name.lower() not in self.known:
            found = self._resolve(self.variables[name.lower()], depth + 1)
            self.known[name.lower()] = found
        return self.known[name.lower()]


def _lowered(found: Any) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        return {}
    return {str(key).lower(): value for key, value in found.items()}


class _Parser:
    """A parser that computes as it reads: one expression, left to right."""

    def __init__(self, scope: Scope, text: str, depth: int) -> None:
        self.scope, self.text, self.depth, self.at = scope, text, depth, 0

    def whole(self) -> Value:
        value = self.value(self.depth)
        if self.text[self.at :].strip():
            msg = "is no expression that can be read"
            raise UnresolvedError(msg)
        if len(value.text) > LONGEST:
            msg = "gives a text that is too long"
            raise UnresolvedError(msg)
        return value

    def next(self) -> tuple[str, str]:
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            return "", ""
        self.at = found.end()
        kind = str(found.lastgroup)
        return kind, found[kind]

    def peek(self) -> str:
        before = self.at
        _, token = self.next()
        self.at = before
        return token

    def value(self, depth: int) -> Value:
        self.scope._step()  # noqa: SLF001 - one counter for both
        if depth > _DEEPEST:
            msg = "is nested too deeply"
            raise UnresolvedError(msg)
        kind, token = self.next()
        if kind == "string":
            return Value(token[1:-1].replace("''", "'"))
        if kind == "number":
            return Value(int(token))
        if kind != "name" or self.next() != ("mark", "("):
            msg = "is no expression that can be read"
            raise UnresolvedError(msg)
        arguments = self.arguments(depth)
        found = self.call(token, arguments, depth)
        return self.parts(found)

    def arguments(self, depth: int) -> list[Value]:
        found: list[Value] = []
        if self.peek() == ")":
            self.next()
            return found
        while True:
            found.append(self.value(depth + 1))
            mark = self.next()[1]
            if mark == ")":
                return found
            if mark != ",":
                msg = "is no expression that can be read"
                raise UnresolvedError(msg)

    def parts(self, found: Value) -> Value:
        """Follow ``.name``, as in ``resourceGroup().location`` or ``variables('image').sku``."""
        while self.peek() == ".":
            self.next()
            _, name = self.next()
            content = found.content
            if isinstance(content, Mapping) and name in content:
                inner = self.scope._resolve(content[name], self.depth + 1)  # noqa: SLF001
                found = Value(inner.content, found.secret or inner.secret, inner.holes)
            elif not found.holes:
                msg = f"there is no property {name!r}"
                raise UnresolvedError(msg)
        return found

    def call(self, name: str, arguments: list[Value], depth: int) -> Value:
        lowered = name.lower()
        if lowered in {"parameters", "variables"}:
            if len(arguments) != 1:
                msg = f"{name}() takes one name"
                raise UnresolvedError(msg)
            look = self.scope.parameter if lowered == "parameters" else self.scope.variable
            return look(arguments[0].text, depth)
        if lowered in OPEN:
            return Value(HOLE, holes=(f"{name}() is known at a deployment alone",))
        function = FUNCTIONS.get(lowered)
        if function is None:
            msg = f"the function {name}() is not resolved here"
            raise UnresolvedError(msg)
        content = function([argument.text for argument in arguments])
        if len(content) > LONGEST:
            msg = "gives a text that is too long"
            raise UnresolvedError(msg)
        holes = tuple(dict.fromkeys(hole for each in arguments for hole in each.holes))
        return Value(content, any(each.secret for each in arguments), holes)


__all__ = ["HOLE", "Scope", "UnresolvedError", "Value"]
