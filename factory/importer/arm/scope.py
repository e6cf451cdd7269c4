"""What one template knows, and how its expressions are evaluated there.

Work and size are bounded. What cannot be known is a hole in the value, never an error: a template
says many things, and one of them that hangs on a deployment takes nothing from the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from factory.importer.arm.collections import STRUCTURAL, access, list_of
from factory.importer.arm.functions import (
    FUNCTIONS,
    TEXTUAL,
    resource_id,
    text_of,
    truth_of,
)
from factory.importer.arm.lambdas import LAMBDA_FUNCTIONS
from factory.importer.arm.syntax import Access, Call, Literal, Node, parse
from factory.importer.arm.values import (
    HOLE,
    Holes,
    Secure,
    UnresolvedError,
    check_size,
    is_open,
    is_secure,
    lowered,
    plain,
    secured,
    texts_in,
)

_MOST_STEPS, _DEEPEST, _FARTHEST, _MOST_TURNS = 40_000, 60, 8, 800
_NAMED = re.compile(r"(parameters|variables)\s*\(\s*(?:'([^']*)'\s*\))?", re.IGNORECASE)
# Azure answers them while it deploys. What a list*() function gives is a key, more often than not.
OPEN = frozenset({
    "resourcegroup", "subscription", "managementgroup", "tenant", "deployment", "deployer",
    "environment", "uniquestring", "guid", "utcnow", "newguid", "reference", "references",
    "providers", "pickzones", "getsecret",
})  # fmt: skip
_IDS = frozenset({"resourceid", "subscriptionresourceid"})
# What they are given stands in what they give as it is.
_MAKERS = frozenset({"createarray", "createobject"})


@dataclass
class Work:
    """What all scopes of one template share: the holes, and how many steps were taken."""

    holes: Holes = field(default_factory=Holes)
    steps: int = 0
    raw: dict[str, str] = field(default_factory=dict)
    """The expression that an open text was made by."""

    def step(self) -> None:
        """Count a step. Raises UnresolvedError when there were too many."""
        self.steps += 1
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
            work or Work(),
        )

    def turn(self, name: str, index: int) -> Scope:
        """Give the scope as a loop's turn has it."""
        return replace(self, turns={**self.turns, name.lower(): index, "": index})

    def evaluate(self, content: Any) -> Any:
        """Give the value of anything that stands in a template: plain data, Secure, and holes."""
        if isinstance(content, str):
            return self._text(content)
        inner = replace(self, depth=self.depth + 1)
        if self.depth > _DEEPEST:
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
            found = self.value(parse(text[1:-1]))
        except UnresolvedError as error:
            found = self._hole(str(error))
            if self._names_secure(text, 0):
                found = Secure(found)
        opened = plain(found)
        if isinstance(opened, str) and HOLE in opened:
            self.work.raw[opened] = text
        return found

    def _names_secure(self, content: Any, depth: int) -> bool:
        """Tell whether what has no value takes in something secure; in doubt it does."""
        if depth > _FARTHEST:
            return True
        for kind, name in (at for text in texts_in(content) for at in _NAMED.findall(text)):
            if not name:
                return True
            if kind.lower() == "parameters":
                if self._is_secure(self.parameters.get(name.lower())):
                    return True
            elif self._names_secure(self.variables.get(name.lower()), depth + 1):
                return True
        return False

    def value(self, node: Node) -> Any:
        """Evaluate a tree. Raises UnresolvedError."""
        self.work.step()
        if self.depth > _DEEPEST:
            msg = "expressions refer to one another too deeply, or in a circle"
            raise UnresolvedError(msg)
        inner = replace(self, depth=self.depth + 1)
        if isinstance(node, Literal):
            return node.content
        if isinstance(node, Access):
            return inner.accessed(node)
        found = inner.call(node)
        check_size(found)
        return found

    def accessed(self, node: Access) -> Any:
        """Give a part of a value. Raises UnresolvedError if it has no such part."""
        whole, index = self.value(node.of), self.value(node.index)
        for each in (whole, index):
            if is_open(plain(each), deep=False):
                return each
        safe = is_secure(index) or isinstance(whole, Secure)
        whole = whole.content if isinstance(whole, Secure) else whole
        try:
            found = access(whole, plain(index))
        except UnresolvedError:
            if not node.optional:
                raise
            found = None
        return secured(found) if safe else found

    def call(self, node: Call) -> Any:
        """Call a function. Raises UnresolvedError."""
        name = node.name
        if name in {"parameters", "variables", "lambdavariables"}:
            return self._named(node)
        if name in {"if", "and", "or", "coalesce"}:
            return self._lazily(node)
        if name in LAMBDA_FUNCTIONS:
            return self._with_lambda(node)
        arguments = [self.value(each) for each in node.arguments]
        if name == "copyindex":
            return self._turn_of([plain(each) for each in arguments])
        if name in OPEN or name.startswith("list"):
            hole = self._hole(f"{node.shown}() is known at a deployment alone")
            return (
                Secure(hole) if name.startswith("list") or any(map(is_secure, arguments)) else hole
            )
        if name in self.functions:
            return self._own(node, arguments)
        return self._apply(node, arguments)

    def _apply(self, node: Call, arguments: list[Any]) -> Any:
        name = node.name
        if name not in FUNCTIONS and name not in _IDS:
            msg = f"the function {node.shown}() is not resolved here"
            raise UnresolvedError(msg)
        keys = arguments[::2] if name == "createobject" else []
        if name in _MAKERS and not any(isinstance(each, Secure) for each in keys):
            return self._called(node, arguments)
        whole = [each.content if isinstance(each, Secure) else each for each in arguments]
        safe = any(isinstance(each, Secure) for each in arguments)
        as_they_are = name in STRUCTURAL or (
            name == "concat" and all(isinstance(each, list) for each in whole)
        )
        if not as_they_are:
            safe = safe or any(map(is_secure, whole))
            whole = [plain(each) for each in whole]
        textual = name in TEXTUAL or name in _IDS or name == "concat"
        opened = [each for each in whole if is_open(each, deep=not as_they_are)]
        found: Any
        if opened and not textual:
            found = self._joined(opened)
        elif name in _IDS:
            hole = self._hole(f"{node.shown}() is known at a deployment alone")
            group = f"/resourceGroups/{hole}" if name == "resourceid" else ""
            found = resource_id(tuple(whole), f"/subscriptions/{hole}{group}")
        else:
            found = self._called(node, whole)
        return secured(found) if safe else found

    def _joined(self, opened: list[Any]) -> str:
        return self._hole("; ".join(dict.fromkeys(self.work.holes.why(opened))))

    def _called(self, node: Call, arguments: list[Any]) -> Any:
        try:
            return FUNCTIONS[node.name](*arguments)
        except TypeError:
            msg = f"{node.shown}() has arguments that it does not take"
            raise UnresolvedError(msg) from None

    def _named(self, node: Call) -> Any:
        if len(node.arguments) != 1:
            msg = f"{node.shown}() takes one name"
            raise UnresolvedError(msg)
        name = plain(self.value(node.arguments[0]))
        if is_open(name):
            return name
        key = text_of(name).lower()
        if node.name == "lambdavariables":
            if key not in self.local:
                msg = f"there is no lambda variable {name!r}"
                raise UnresolvedError(msg)
            return self.local[key]
        if (node.name, key) not in self.known:
            self.known[node.name, key] = self._hole(f"{node.shown}({name!r}) refers to itself")
            own = replace(self, turns={}, local={})
            look = own.parameter if node.name == "parameters" else own.variable
            try:
                self.known[node.name, key] = look(str(name))
            except UnresolvedError:
                del self.known[node.name, key]
                raise
        return self.known[node.name, key]

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
        return self._marked(value, spec, 0)

    def variable(self, name: str) -> Any:
        """Give a variable's value. Raises UnresolvedError if there is none."""
        if name.lower() not in self.variables:
            msg = f"there is no variable {name!r}"
            raise UnresolvedError(msg)
        found = self.variables[name.lower()]
        return self.loop(found.content) if isinstance(found, _Loop) else self.evaluate(found)

    def _is_secure(self, spec: Any) -> bool:
        return is_secure(self._marked("", lowered(spec), 0))

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

    def _turn_of(self, arguments: list[Any]) -> int:
        offset = arguments[-1] if arguments and isinstance(arguments[-1], int) else 0
        name = arguments[0].lower() if arguments and isinstance(arguments[0], str) else ""
        if name not in self.turns:
            msg = "copyIndex() outside of its loop"
            raise UnresolvedError(msg)
        return self.turns[name] + offset

    def _own(self, node: Call, arguments: list[Any]) -> Any:
        """Call a function of the template's own, which sees its parameters and nothing else."""
        member = lowered(self.functions[node.name])
        specs = [lowered(each) for each in list_of(member.get("parameters", []))]
        if len(specs) != len(arguments):
            msg = f"{node.shown}() takes {len(specs)} arguments"
            raise UnresolvedError(msg)
        given = {
            str(spec.get("name", "")).lower(): value
            for spec, value in zip(specs, arguments, strict=True)
        }
        named = {str(spec.get("name", "")).lower(): spec for spec in specs}
        scope = Scope(
            named, {}, self.functions, given, self.definitions, self.work, depth=self.depth
        )
        return scope.evaluate(lowered(member.get("output")).get("value"))

    def _lazily(self, node: Call) -> Any:
        """Evaluate as far as it counts: what is not chosen may have no value."""
        if node.name == "if":
            if len(node.arguments) != 3:
                msg = "if() takes three arguments"
                raise UnresolvedError(msg)
            asked = self.value(node.arguments[0])
            if is_open(plain(asked)):
                return asked
            found = self.value(node.arguments[1 if truth_of(plain(asked)) else 2])
            return secured(found) if is_secure(asked) else found
        open_ones, safe, found = [], False, None
        for argument in node.arguments:
            value = self.value(argument)
            safe = safe or is_secure(value)
            if is_open(plain(value), deep=False):
                open_ones.append(plain(value))
                if node.name == "coalesce":
                    break
            elif node.name == "coalesce":
                if plain(value) is not None:
                    return value
            elif truth_of(plain(value)) is (node.name == "or"):
                found, open_ones = node.name == "or", []
                break
            else:
                found = node.name == "and"
        found = self._joined(open_ones) if open_ones else found
        return secured(found) if safe else found

    def _with_lambda(self, node: Call) -> Any:
        values = [self.value(each) for each in node.arguments if not _is_lambda(each)]
        calls = [self._lambda(each) for each in node.arguments if _is_lambda(each)]
        if not values or not calls:
            msg = f"{node.shown}() takes a list and a lambda()"
            raise UnresolvedError(msg)
        if is_open(plain(values[0]), deep=False):
            return values[0]
        safe = isinstance(values[0], Secure)
        found = LAMBDA_FUNCTIONS[node.name](plain(values[0]) if safe else values[0], values, calls)
        tested = node.name in {"filter", "sort", "groupby"} and is_secure(values[0])
        return secured(found) if safe or tested else found

    def _lambda(self, node: Node) -> Callable[..., Any]:
        words = list(node.arguments[:-1]) if isinstance(node, Call) else []
        body = node.arguments[-1] if isinstance(node, Call) and node.arguments else Literal("")
        names = [str(each.content).lower() for each in words if isinstance(each, Literal)]

        def call(*arguments: Any) -> Any:
            own = dict(zip(names, arguments, strict=False))
            return replace(self, local={**self.local, **own}).value(body)

        return call


def _is_lambda(node: Node) -> bool:
    return isinstance(node, Call) and node.name == "lambda"


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
