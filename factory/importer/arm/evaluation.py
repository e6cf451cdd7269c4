"""Evaluates a tree of the template language in a scope.

What goes in may be open or secure; so is what comes out, unless the function has nothing to do with
it: an object with one open part is known in all others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from factory.importer.arm.collections import STRUCTURAL, access, list_of
from factory.importer.arm.functions import FUNCTIONS, TEXTUAL, resource_id, text_of, truth_of
from factory.importer.arm.lambdas import LAMBDA_FUNCTIONS
from factory.importer.arm.syntax import Access, Call, Literal, Node
from factory.importer.arm.values import (
    Secure,
    UnresolvedError,
    is_open,
    is_secure,
    lowered,
    plain,
    secured,
    size_of,
)

if TYPE_CHECKING:
    from factory.importer.arm.scope import Scope

# Values within values, and expressions within expressions.
DEEPEST = 60
# Azure answers them while it deploys. What a list*() function gives is a key, more often than not.
OPEN = frozenset({
    "resourcegroup", "subscription", "managementgroup", "tenant", "deployment", "deployer",
    "environment", "uniquestring", "guid", "utcnow", "newguid", "reference", "references",
    "providers", "pickzones", "getsecret",
})  # fmt: skip
_IDS = frozenset({"resourceid", "subscriptionresourceid"})
# What they are given stands in what they give as it is.
_MAKERS = frozenset({"createarray", "createobject"})


def value_of(scope: Scope, node: Node) -> Any:
    """Evaluate a tree. Raises UnresolvedError."""
    scope.work.step(1)
    if scope.depth > DEEPEST:
        msg = "expressions refer to one another too deeply, or in a circle"
        raise UnresolvedError(msg)
    inner = replace(scope, depth=scope.depth + 1)
    if isinstance(node, Literal):
        return node.content
    if isinstance(node, Access):
        return _part(inner, node)
    found = _call(inner, node)
    # Whoever is given a large value goes through all of it.
    scope.work.step(1 + size_of(found) // 500)
    return found


def _part(scope: Scope, node: Access) -> Any:
    """Give a part of a value. Raises UnresolvedError if it has no such part."""
    whole, index = value_of(scope, node.of), value_of(scope, node.index)
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


def _call(scope: Scope, node: Call) -> Any:
    """Call a function. Raises UnresolvedError."""
    name = node.name
    if name in {"parameters", "variables", "lambdavariables"}:
        return _named(scope, node)
    if name in {"if", "and", "or", "coalesce"}:
        return _lazily(scope, node)
    if name in LAMBDA_FUNCTIONS:
        return _with_lambda(scope, node)
    arguments = [value_of(scope, each) for each in node.arguments]
    if name == "copyindex":
        return _turn(scope, [plain(each) for each in arguments])
    if name in OPEN or name.startswith("list"):
        hole = scope.work.holes.hole(f"{node.shown}() is known at a deployment alone")
        return Secure(hole) if name.startswith("list") or any(map(is_secure, arguments)) else hole
    if name in scope.functions:
        return _own_function(scope, node, arguments)
    return _apply(scope, node, arguments)


def _apply(scope: Scope, node: Call, arguments: list[Any]) -> Any:
    name = node.name
    if name not in FUNCTIONS and name not in _IDS:
        msg = f"the function {node.shown}() is not resolved here"
        raise UnresolvedError(msg)
    keys = arguments[::2] if name == "createobject" else []
    if name in _MAKERS and not any(isinstance(each, Secure) for each in keys):
        return _called(node, arguments)
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
        found = _joined(scope, opened)
    elif name in _IDS:
        hole = scope.work.holes.hole(f"{node.shown}() is known at a deployment alone")
        group = f"/resourceGroups/{hole}" if name == "resourceid" else ""
        found = resource_id(tuple(whole), f"/subscriptions/{hole}{group}")
    else:
        found = _called(node, whole)
    return secured(found) if safe else found


def _joined(scope: Scope, opened: list[Any]) -> str:
    return scope.work.holes.hole("; ".join(dict.fromkeys(scope.work.holes.why(opened))))


def _called(node: Call, arguments: list[Any]) -> Any:
    try:
        return FUNCTIONS[node.name](*arguments)
    except TypeError:
        msg = f"{node.shown}() has arguments that it does not take"
        raise UnresolvedError(msg) from None


def _named(scope: Scope, node: Call) -> Any:
    if len(node.arguments) != 1:
        msg = f"{node.shown}() takes one name"
        raise UnresolvedError(msg)
    name = plain(value_of(scope, node.arguments[0]))
    if is_open(name):
        return name
    key = text_of(name).lower()
    if node.name == "lambdavariables":
        if key not in scope.local:
            msg = f"there is no lambda variable {name!r}"
            raise UnresolvedError(msg)
        return scope.local[key]
    if (node.name, key) not in scope.known:
        scope.known[node.name, key] = scope.work.holes.hole(
            f"{node.shown}({name!r}) refers to itself"
        )
        own = replace(scope, turns={}, local={})
        look = own.parameter if node.name == "parameters" else own.variable
        try:
            scope.known[node.name, key] = look(str(name))
        except UnresolvedError:
            del scope.known[node.name, key]
            raise
    return scope.known[node.name, key]


def _turn(scope: Scope, arguments: list[Any]) -> int:
    offset = arguments[-1] if arguments and isinstance(arguments[-1], int) else 0
    name = arguments[0].lower() if arguments and isinstance(arguments[0], str) else ""
    if name not in scope.turns:
        msg = "copyIndex() outside of its loop"
        raise UnresolvedError(msg)
    return scope.turns[name] + offset


def _own_function(scope: Scope, node: Call, arguments: list[Any]) -> Any:
    """Call a function of the template's own, which sees its parameters and nothing else."""
    member = lowered(scope.functions[node.name])
    specs = [lowered(each) for each in list_of(member.get("parameters", []))]
    if len(specs) != len(arguments):
        msg = f"{node.shown}() takes {len(specs)} arguments"
        raise UnresolvedError(msg)
    given = {
        str(spec.get("name", "")).lower(): value
        for spec, value in zip(specs, arguments, strict=True)
    }
    named = {str(spec.get("name", "")).lower(): spec for spec in specs}
    own = replace(scope, parameters=named, variables={}, given=given, turns={}, local={}, known={})
    return own.evaluate(lowered(member.get("output")).get("value"))


def _lazily(scope: Scope, node: Call) -> Any:
    """Evaluate as far as it counts: what is not chosen may have no value."""
    if node.name == "if":
        if len(node.arguments) != 3:
            msg = "if() takes three arguments"
            raise UnresolvedError(msg)
        asked = value_of(scope, node.arguments[0])
        if is_open(plain(asked)):
            return asked
        found = value_of(scope, node.arguments[1 if truth_of(plain(asked)) else 2])
        return secured(found) if is_secure(asked) else found
    open_ones, safe, found = [], False, None
    for argument in node.arguments:
        value = value_of(scope, argument)
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
    found = _joined(scope, open_ones) if open_ones else found
    return secured(found) if safe else found


def _with_lambda(scope: Scope, node: Call) -> Any:
    values = [value_of(scope, each) for each in node.arguments if not _is_lambda(each)]
    calls = [_lambda(scope, each) for each in node.arguments if _is_lambda(each)]
    if not values or not calls:
        msg = f"{node.shown}() takes a list and a lambda()"
        raise UnresolvedError(msg)
    if is_open(plain(values[0]), deep=False):
        return values[0]
    safe = isinstance(values[0], Secure)
    try:
        found = LAMBDA_FUNCTIONS[node.name](plain(values[0]) if safe else values[0], values, calls)
    except (IndexError, TypeError, ValueError):
        msg = f"{node.shown}() has arguments that it does not take"
        raise UnresolvedError(msg) from None
    tested = node.name in {"filter", "sort", "groupby"} and is_secure(values[0])
    return secured(found) if safe or tested else found


def _lambda(scope: Scope, node: Node) -> Callable[..., Any]:
    words = list(node.arguments[:-1]) if isinstance(node, Call) else []
    body = node.arguments[-1] if isinstance(node, Call) and node.arguments else Literal("")
    names = [str(each.content).lower() for each in words if isinstance(each, Literal)]

    def call(*arguments: Any) -> Any:
        own = dict(zip(names, arguments, strict=False))
        return value_of(replace(scope, local={**scope.local, **own}), body)

    return call


def _is_lambda(node: Node) -> bool:
    return isinstance(node, Call) and node.name == "lambda"
