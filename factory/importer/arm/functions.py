"""The functions of the template language that hang on their arguments alone.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
What they do with a hole or something secure is not their concern: scope.py calls them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urljoin

from factory.importer.arm.collections import COLLECTIONS
from factory.importer.arm.values import HOLE, LARGEST, UnresolvedError, as_text, number_of
from factory.importer.texts import UnreadableError, parse_json


def text_of(value: Any) -> str:
    """Give a text, or a number as one; anything else is wrong. Raises UnresolvedError."""
    if isinstance(value, str | int | float):
        return as_text(value)
    msg = "has something else where a text is expected"
    raise UnresolvedError(msg)


def _format(text: Any, *values: Any) -> str:
    """.NET's String.Format, with the forms for whole numbers that templates use."""
    pattern = text_of(text)
    if pattern.count("{") * max((len(as_text(each)) for each in values), default=0) > LARGEST:
        msg = "gives a text that is too long"
        raise UnresolvedError(msg)

    def put(found: re.Match[str]) -> str:
        if found[0] in {"{{", "}}"}:
            return found[0][0]
        if not found[1] or int(found[1]) >= len(values):
            msg = "format() with too few values, or a brace too many"
            raise UnresolvedError(msg)
        filled = _formatted(values[int(found[1])], found[3] or "")
        width = max(-999, min(int(found[2] or 0), 999))
        return filled.ljust(-width) if width < 0 else filled.rjust(width)

    return re.sub(r"\{\{|\}\}|\{(\d{1,3})(?:,(-?\d{1,3}))?(?::([^{}]*))?\}|[{}]", put, pattern)


def _formatted(value: Any, form: str) -> str:
    if not form or isinstance(value, bool) or not isinstance(value, int | float):
        return as_text(value)
    kind, places = form[0].upper(), int(form[1:]) if form[1:3].isdigit() else None
    if kind == "D":
        return f"{value:0{(places or 1) + (value < 0)}d}"
    if kind in {"N", "F"}:
        return f"{value:{',' if kind == 'N' else ''}.{2 if places is None else places}f}"
    if kind == "X" and isinstance(value, int):
        shown = f"{value & 0xFFFFFFFF:0{places or 1}x}"
        return shown if form[0] == "x" else shown.upper()
    if set(form) == {"0"} and isinstance(value, int):
        return f"{value:0{len(form)}d}"
    msg = f"format() with {form!r} is not resolved here"
    raise UnresolvedError(msg)


def _substring(text: Any, start: Any = 0, length: Any = None) -> str:
    whole, begin = text_of(text), number_of(start)
    end = len(whole) if length is None else begin + number_of(length)
    if not 0 <= begin <= end <= len(whole):
        msg = "substring() reaches beyond the text"
        raise UnresolvedError(msg)
    return whole[begin:end]


def _split(text: Any, by: Any) -> list[str]:
    delimiters = [text_of(each) for each in (by if isinstance(by, list) else [by])]
    known = "|".join(re.escape(each) for each in delimiters if each)
    return re.split(known, text_of(text)) if known else [text_of(text)]


def _pad(text: Any, width: Any, by: Any = " ") -> str:
    if number_of(width) > LARGEST or len(text_of(by)) != 1:
        msg = "padLeft() with a length or a character that is none"
        raise UnresolvedError(msg)
    return text_of(text).rjust(number_of(width), text_of(by))


def _decoded(text: Any) -> str:
    try:
        return base64.b64decode(text_of(text), validate=True).decode()
    except ValueError:
        msg = "holds base64 that is none"
        raise UnresolvedError(msg) from None


def _json(text: Any) -> Any:
    try:
        return parse_json(text_of(text))
    except UnreadableError as error:
        msg = f"json() of what {error}"
        raise UnresolvedError(msg) from None


def _data_uri(text: Any) -> str:
    encoded = base64.b64encode(text_of(text).encode()).decode()
    return f"data:text/plain;charset=utf8;base64,{encoded}"


def _from_data_uri(text: Any) -> str:
    head, _, content = text_of(text).partition(",")
    return _decoded(content) if head.lower().endswith(";base64") else unquote(content)


def _int(value: Any) -> int:
    try:
        return int(value if isinstance(value, int | float) else text_of(value).strip())
    except (ValueError, OverflowError):
        msg = "int() of what is no number"
        raise UnresolvedError(msg) from None


def _float(value: Any) -> float:
    try:
        return float(text_of(value))
    except ValueError:
        msg = "float() of what is no number"
        raise UnresolvedError(msg) from None


def _bool(value: Any) -> bool:
    if isinstance(value, int):
        return bool(value)
    known = {"true": True, "1": True, "false": False, "0": False}
    if text_of(value).strip().lower() not in known:
        msg = "bool() of what is neither true nor false"
        raise UnresolvedError(msg)
    return known[text_of(value).strip().lower()]


def truth_of(value: Any) -> bool:
    """Give a condition. Raises UnresolvedError for what is none."""
    if isinstance(value, bool):
        return value
    msg = "has something else where true or false is expected"
    raise UnresolvedError(msg)


def _divided(value: Any, by: Any) -> tuple[int, int]:
    """Divide as .NET does: towards nought; the rest has the sign of what is divided."""
    a, b = number_of(value), number_of(by)
    if b == 0:
        msg = "divides by nought"
        raise UnresolvedError(msg)
    whole = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return whole, a - whole * b


def _order(a: Any, b: Any) -> int:
    if isinstance(a, str) and isinstance(b, str):
        return (a > b) - (a < b)
    return (number_of(a) > number_of(b)) - (number_of(a) < number_of(b))


def _equal(a: Any, b: Any) -> bool:
    """Tell what is equal: texts letter by letter; a number and a text never are."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return type(a) is type(b) and bool(a == b)


def resource_id(words: tuple[Any, ...], before: str) -> str:
    """Write an id; what precedes the type (subscription, group) is of no interest."""
    texts = [text_of(word) for word in words]
    index = next((i for i, word in enumerate(texts) if "/" in word and HOLE not in word), None)
    if index is None:
        msg = "resourceId() without a type"
        raise UnresolvedError(msg)
    provider, *types = texts[index].split("/")
    names = texts[index + 1 :]
    if len(types) != len(names):
        msg = "resourceId() needs one name for each part of its type"
        raise UnresolvedError(msg)
    pairs = "".join(f"/{kind}/{name}" for kind, name in zip(types, names, strict=True))
    return f"{before}/providers/{provider}{pairs}"


# Their texts may have holes in them: what is around one is known all the same.
TEXTUAL: Mapping[str, Callable[..., Any]] = {
    "string": as_text,
    "tolower": lambda text: text_of(text).lower(),
    "toupper": lambda text: text_of(text).upper(),
    "trim": lambda text: text_of(text).strip(),
    "format": _format,
    "join": lambda items, by: text_of(by).join(text_of(each) for each in items),
    "extensionresourceid": lambda of, *words: resource_id(words, text_of(of)),
    "tenantresourceid": lambda *words: resource_id(words, ""),
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **COLLECTIONS,
    **TEXTUAL,
    "base64": lambda text: base64.b64encode(text_of(text).encode()).decode(),
    "base64tostring": _decoded,
    "base64tojson": lambda text: _json(_decoded(text)),
    "datauri": _data_uri,
    "datauritostring": _from_data_uri,
    "json": _json,
    "startswith": lambda text, begin: text_of(text).lower().startswith(text_of(begin).lower()),
    "endswith": lambda text, end: text_of(text).lower().endswith(text_of(end).lower()),
    "padleft": _pad,
    "replace": lambda text, old, new: (
        text_of(text).replace(text_of(old), text_of(new)) if old else text_of(text)
    ),
    "split": _split,
    "substring": _substring,
    "uri": lambda base, more: urljoin(text_of(base), text_of(more)),
    "uricomponent": lambda text: quote(text_of(text), safe=""),
    "uricomponenttostring": lambda text: unquote(text_of(text)),
    "int": _int,
    "float": _float,
    "bool": _bool,
    "add": lambda a, b: number_of(a) + number_of(b),
    "sub": lambda a, b: number_of(a) - number_of(b),
    "mul": lambda a, b: number_of(a) * number_of(b),
    "div": lambda a, b: _divided(a, b)[0],
    "mod": lambda a, b: _divided(a, b)[1],
    "not": lambda value: not truth_of(value),
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "equals": _equal,
    "less": lambda a, b: _order(a, b) < 0,
    "lessorequals": lambda a, b: _order(a, b) <= 0,
    "greater": lambda a, b: _order(a, b) > 0,
    "greaterorequals": lambda a, b: _order(a, b) >= 0,
}
