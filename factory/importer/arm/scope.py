"""What one template knows: its parameters, variables and functions, and the turn of its loops.

Work and size are bounded. What cannot be known is a hole in the value, never an error: a template
says many things, and one of them that hangs on a deployment takes nothing from the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from factory.importer.arm.evaluation import DEEPEST, value_of
from factory.importer.arm.syntax import parse
from factory.importer.arm.values import (
    HOLE,
    Holes,
    Secure,
    UnresolvedError,
    is_open,
    is_secure,
    lowered,
    plain,
    secured,
    texts_in,
)

_MOST_STEPS, _MOST_TURNS = 40_000, 800
_NAMED = re.compile(r"(parameters|variables)\s*\(\s*(?:'([^']*)'\s*\))?", re.IGNORECASE)


@dataclass
class Work:
    """What all scopes of one template share: the holes, and how many steps were taken."""

    holes: Holes = field(default_factory=Holes)
    steps: int = 0
    raw: dict[str, str] = field(default_factory=dict)
    """The expression that an open text was made by."""

    def step(self, weight: int) -> None:
        """Count work done. Raises UnresolvedError when it was too much."""
        self.steps += weight
        if self.steps > _MOST_STEPS:
            msg = "the template's expressions are too much work"
            raise UnresolvedError(msg)


@dataclass
class Scope:
    """One template's parameters, variables and functions; where a loop stands, its turn."""

    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]
    functions: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    definitions: Mapping[str, Any] = field(default_factory=dict)
    secret_name: Callable[[str], bool] = lambda _: False
    """Whether what has this name is secure, though nothing declares it so."""
    work: Work = field(default_factory=Work)
    turns: Mapping[str, int] = field(default_factory=dict)
    """Each loop's index by its name in lower case; the innermost one's by ''."""
    local: Mapping[str, Any] = field(default_factory=dict)
    """The variables of a lambda, by name in lower case."""
    known: dict[tuple[str, str], Any] = field(default_factory=dict)
    depth: int = 0

    @classmethod
    def of(
        cls,
        template: Mapping[str, Any],
        given: Mapping[str, Any] | None = None,
        work: Work | None = None,
        secret_name: Callable[[str], bool] = lambda _: False,
    ) -> Scope:
        """Take the scope of a template; ``given`` are values of parameters, by name."""
        found = lowered(template)
        functions = {}
        spaces = found.get("functions")
        for space in spaces if isinstance(spaces, list) else ():
            for name, member in lowered(lowered(space).get("members")).items():
                functions[f"{lowered(space).get('namespace', '')}.{name}".lower()] = member
        return cls(
            lowered(found.get("parameters")),
            _with_loops(lowered(found.get("variables"))),
            functions,
            lowered(given),
            lowered(found.get("definitions")),
            secret_name,
            work or Work(),
        )

    def turn(self, name: str, index: int) -> Scope:
        """Give the scope as a loop's turn has it."""
        return replace(self, turns={**self.turns, name.lower(): index, "": index})

    def evaluate(self, content: Any) -> Any:
        """Give the value of anything that stands in a template: plain data, Secure, and holes."""
        if isinstance(content, str):
            return self._text(content)
        try:
            self.work.step(1)
        except UnresolvedError as error:
            return self._hole(str(error))
        inner = replace(self, depth=self.depth + 1)
        if self.depth > DEEPEST:
            return self._hole("expressions refer to one another too deeply, or in a circle")
        if isinstance(content, list):
            return [inner.evaluate(each) for each in content]
        if not isinstance(content, Mapping):
            return content
        found: dict[str, Any] = {}
        for key, value in content.items():
            if str(key).lower() == "copy" and _is_loops(value):
                for loop in map(lowered, value):
                    found[str(loop["name"])] = inner.loop(loop)
                continue
            name = inner.evaluate(key)
            own = name if isinstance(name, str) and not is_open(name) else str(key)
            found[own] = inner.evaluate(value)
        return found

    def loop(self, loop: Mapping[str, Any]) -> Any:
        """Give the list that a loop over ``input`` makes (fields in lower case)."""
        turns = self.turns_of(loop)
        if isinstance(turns, str):
            return turns
        name = str(loop.get("name", ""))
        return [self.turn(name, index).evaluate(loop.get("input")) for index in turns]

    def turns_of(self, loop: Mapping[str, Any]) -> range | str:
        """Give the turns of a loop, or a hole where their number is not known."""
        count = plain(self.evaluate(loop.get("count")))
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MOST_TURNS:
            return range(count)
        if isinstance(count, str) and is_open(count):
            return count
        return self._hole("a loop's count is no number that Azure takes")

    def _hole(self, reason: str) -> str:
        return self.work.holes.hole(reason)

    def _text(self, text: str) -> Any:
        if HOLE in text:
            return self._hole("holds a character that is none")
        if text.startswith("[["):
            return text[1:]
        if not (text.startswith("[") and text.endswith("]")):
            return text
        try:
            found = value_of(self, parse(text[1:-1]))
        except UnresolvedError as error:
            found = self._hole(str(error))
            if self._names_secure(text):
                found = Secure(found)
        opened = plain(found)
        if isinstance(opened, str) and HOLE in opened:
            self.work.raw[opened] = text
        return found

    def _names_secure(self, text: str) -> bool:
        """Tell whether what has no value takes in something secure; in doubt it does."""
        seen: set[tuple[str, str]] = set()
        within: list[Any] = [text]
        while within:
            content = within.pop()
            found = {at for each in texts_in(content) for at in _NAMED.findall(each)}
            for kind, name in {(kind.lower(), name) for kind, name in found} - seen:
                seen.add((kind, name))
                if not name or self.secret_name(name):
                    return True
                if kind == "variables":
                    its = self.variables.get(name.lower())
                    within.append(its.content if isinstance(its, _Loop) else its)
                elif is_secure(self._marked("", lowered(self.parameters.get(name.lower())), 0)):
                    return True
        return False

    def parameter(self, name: str) -> Any:
        """Give a parameter's value or default, or a hole where only a deployment would know."""
        spec = lowered(self.parameters.get(name.lower()))
        if name.lower() in self.given:
            value = self.given[name.lower()]
        elif "defaultvalue" in spec:
            value = self.evaluate(spec["defaultvalue"])
        elif spec.get("nullable") is True:
            value = None
        else:
            value = self._hole(f"parameter {name!r} has no default")
        found = self._marked(value, spec, 0)
        return secured(found) if self.secret_name(name) else found

    def variable(self, name: str) -> Any:
        """Give a variable's value. Raises UnresolvedError if there is none."""
        if name.lower() not in self.variables:
            msg = f"there is no variable {name!r}"
            raise UnresolvedError(msg)
        its = self.variables[name.lower()]
        found = self.loop(its.content) if isinstance(its, _Loop) else self.evaluate(its)
        return secured(found) if self.secret_name(name) else found

    def _marked(self, value: Any, spec: Mapping[str, Any], depth: int) -> Any:
        """Mark as secure what a declaration says to be so, also within an object."""
        if "$ref" in spec and depth < 8:
            named = self.definitions.get(str(spec["$ref"]).rsplit("/", 1)[-1].lower())
            return self._marked(value, lowered(named), depth + 1)
        if str(spec.get("type", "")).strip().lower().startswith("secure"):
            return secured(value)
        if isinstance(value, Mapping):
            its, more = lowered(spec.get("properties")), lowered(spec.get("additionalproperties"))
            return {
                key: self._marked(each, lowered(its.get(key.lower())) or more, depth + 1)
                for key, each in value.items()
            }
        if isinstance(value, list):
            items = lowered(spec.get("items"))
            return [self._marked(each, items, depth + 1) for each in value] if items else value
        return value


@dataclass(frozen=True)
class _Loop:
    """A variable that a loop makes; ``content`` has its fields in lower case."""

    content: Mapping[str, Any]


def _is_loops(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all({"name", "count", "input"} <= lowered(each).keys() for each in value)
    )


def _with_loops(variables: dict[str, Any]) -> dict[str, Any]:
    if not _is_loops(variables.get("copy")):
        return variables
    loops = {str(each["name"]).lower(): _Loop(each) for each in map(lowered, variables["copy"])}
    return {**{key: value for key, value in variables.items() if key != "copy"}, **loops}
