"""The part of OData that clients of ARM send: $filter, $orderby, and $select within $expand."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection
from typing import Any

from rehearsal.azure.errors import ArmError

Json = dict[str, Any]
Value = Callable[[Json], Any]

# A text may say what it is (datetime'...', guid'...'); moments and guids may stand without quotes.
_TOKEN = re.compile(
    r"\s*(?:(?:datetime|guid)?(?P<text>'(?:[^']|'')*')"
    r"|(?P<plain>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?(?![\w-])"
    r"|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\w-]))"
    r"|(?P<number>-?\d+(?:\.\d+)?)(?![\w-])"
    r"|(?P<word>[A-Za-z_@][\w/@.-]*)|(?P<mark>[(),]))",
    re.IGNORECASE,
)
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tolower": lambda text: _text(text).lower(),
    "toupper": lambda text: _text(text).upper(),
    "startswith": lambda text, start: _text(text).lower().startswith(_text(start).lower()),
    "endswith": lambda text, end: _text(text).lower().endswith(_text(end).lower()),
    "contains": lambda text, part: _text(part).lower() in _text(text).lower(),
    "substringof": lambda part, text: _text(part).lower() in _text(text).lower(),
}
_CONSTANTS = {"true": True, "false": False, "null": None}


def condition(text: str, own: Collection[str] = ()) -> Callable[[Json], bool]:
    """Read a $filter; the result tells whether a resource's body passes it. ArmError 400.

    ``own`` are functions, lower-cased, that the bodies bring along, such as atScope().
    """
    if not text.strip():
        return lambda _body: True
    parser = _Parser(text, own)
    found = parser.either()
    if not parser.ended:
        raise invalid_filter(text)
    return lambda body: bool(found(body))


def order(text: str) -> list[tuple[str, bool]]:
    """Read an $orderby: paths, lower-cased, each with whether it descends."""
    found = []
    for part in text.split(","):
        words = part.split()
        if words:
            found.append((words[0].lower(), words[1:2] != [] and words[1].lower() == "desc"))
    return found


def key(path: str) -> Callable[[Json], tuple[bool, Any]]:
    """Give the sort key for a path; what a resource does not have comes first, as in OData."""

    def of(body: Json) -> tuple[bool, Any]:
        found = look(body, path)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return (True, f"{found:030.6f}")
        return (found is not None, _text(found).lower())

    return of


def select(body: Json, expand: str, names: str) -> Json:
    """Keep the properties that `properties($select=a,b)` names; and the fields of $select."""
    inner = re.search(r"\$select\s*=\s*([\w,\s/]+)", expand, re.IGNORECASE)
    if inner:
        wanted = {name.strip().lower() for name in inner.group(1).split(",")}
        properties = body.get("properties") or {}
        kept = {name: value for name, value in properties.items() if name.lower() in wanted}
        body = {**body, "properties": kept}
    if names:
        wanted = {name.strip().lower().partition("/")[0] for name in names.split(",")}
        body = {name: value for name, value in body.items() if name.lower() in wanted}
    return body


def look(body: Json, path: str) -> Any:
    """Find a value by a path such as Properties/ownerObjectId, in any letter case."""
    if path.lower() == "resourcetype":
        return body.get("type")
    if path.lower() == "resourcegroup":
        parts = str(body.get("id", "")).split("/")
        return parts[4] if len(parts) > 4 else None
    found: Any = body
    for name in path.split("/"):
        if not isinstance(found, dict):
            return None
        found = next((value for key, value in found.items() if key.lower() == name.lower()), None)
    return found


def invalid_filter(text: str) -> ArmError:
    """400: a filter that cannot be read."""
    message = f"Invalid $filter '{text}' specified in the query string."
    return ArmError(400, "InvalidFilterInQueryString", message)


class _Parser:
    """A filter, read from left to right: or, and, not, comparison, function, literal."""

    def __init__(self, text: str, own: Collection[str] = ()) -> None:
        self._text = text
        self._own = own
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        self._tag: str | None = None
        place = 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if found is None:
                raise invalid_filter(text)
            self._tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
            place = found.end()

    @property
    def ended(self) -> bool:
        return self._at == len(self._tokens)

    def either(self) -> Value:
        found = self._both()
        while self._word("or"):
            found = _or(found, self._both())
        return found

    def _both(self) -> Value:
        found = self._single()
        while self._word("and"):
            found = _and(found, self._single())
        return found

    def _single(self) -> Value:
        if self._word("not"):
            inner = self._single()
            return lambda body: not inner(body)
        if self._mark("("):
            inner = self.either()
            self._need(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Value:
        name, left = self._operand()
        for word in ("eq", "ne", "gt", "ge", "lt", "le"):
            if self._word(word):
                constant, right = self._operand()
                if name == "tagname":
                    self._tag = constant
                    return lambda body: _tagged(body, right(body), None)
                if name == "tagvalue":
                    return lambda body: _tagged(body, self._tag, right(body))
                return _compare(word, left, right)
        if name.endswith("()"):
            return left
        if "/" not in name:  # a name or literal alone is no condition
            raise invalid_filter(self._text)
        return self._flag(left)

    def _flag(self, value: Value) -> Value:
        """Let a property stand alone if it is true or false: `properties/allowClaim`."""

        def flag(body: Json) -> bool:
            found = value(body)
            if not isinstance(found, bool | None):
                raise invalid_filter(self._text)
            return bool(found)

        return flag

    def _operand(self) -> tuple[str, Value]:
        if self.ended:
            raise invalid_filter(self._text)
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "plain":
            return text, lambda _body: text
        if kind == "text":
            said = text[1:-1].replace("''", "'")
            return said, lambda _body: said
        if kind == "number":
            return text, lambda _body: float(text)
        if kind != "word":
            raise invalid_filter(self._text)
        if self._mark("("):
            return self._call(text)
        if text.lower() in _CONSTANTS:
            value = _CONSTANTS[text.lower()]
            return text, lambda _body: value
        return text.lower(), lambda body: look(body, text)

    def _call(self, name: str) -> tuple[str, Value]:
        function, given = _FUNCTIONS.get(name.lower()), []
        if function is None and name.lower() not in self._own:
            raise invalid_filter(self._text)
        if function is not None or not self._mark(")"):
            given.append(self._operand()[1])
            while self._mark(","):
                given.append(self._operand()[1])
            self._need(")")

        def value(body: Json) -> Any:
            return (function or look(body, name))(*(each(body) for each in given))

        return f"{name}()", value

    def _word(self, word: str) -> bool:
        return self._take("word", word)

    def _mark(self, mark: str) -> bool:
        return self._take("mark", mark)

    def _take(self, kind: str, text: str) -> bool:
        found = not self.ended and self._tokens[self._at][0] == kind
        if found and self._tokens[self._at][1].lower() == text:
            self._at += 1
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._mark(mark):
            raise invalid_filter(self._text)


def _or(one: Value, other: Value) -> Value:
    return lambda body: bool(one(body)) or bool(other(body))


def _and(one: Value, other: Value) -> Value:
    return lambda body: bool(one(body)) and bool(other(body))


def _compare(word: str, left: Value, right: Value) -> Value:
    def compare(body: Json) -> bool:
        one, other = left(body), right(body)
        if one is None or other is None:
            return (one is other) == (word == "eq") if word in ("eq", "ne") else False
        if isinstance(one, int | float) and isinstance(other, int | float):
            first: Any = float(one)
            second: Any = float(other)
        else:
            first, second = _text(one).lower(), _text(other).lower()
        return bool(getattr(operator, word)(first, second))

    return compare


def _tagged(body: Json, name: Any, value: Any) -> bool:
    """ARM's own filter on tags: tagName eq 'x' and tagValue eq 'y' (values keep their case)."""
    return any(
        (name is None or tag.lower() == str(name).lower()) and (value is None or held == value)
        for tag, held in (body.get("tags") or {}).items()
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
