"""Reads HCL, as Terraform and Packer write it, into the words of Azure's templates.

``var.x`` becomes a template's parameter, ``local.x`` its variable, what is put together by text and
by plain functions an expression; what only Terraform can compute is an expression without a value,
so that it is told as any other. https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

from factory.importer.texts import UnreadableError

_SPACE = re.compile(r"(?:[ \t\r]|\\\n|(?:#|//)[^\n]*|/\*.*?\*/)*", re.DOTALL)
_LINES = re.compile(r"(?:\s|(?:#|//)[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?(?![\w.])")
_HEREDOC = re.compile(r"<<(-?)([A-Za-z_][\w-]*)[ \t\r]*\n(.*?)^[ \t]*\2[ \t\r]*$", re.DOTALL | re.M)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_PLAIN = re.compile(r'[^"\\$%]+')
_DEEPEST, _MOST_STEPS = 50, 50_000


class Expression(str):
    """An expression of Azure's template language, without its brackets."""

    __slots__ = ()


_FUNCTIONS: dict[str, Callable[..., str]] = {
    "lower": lambda text: f"toLower({text})",
    "upper": lambda text: f"toUpper({text})",
    "trimspace": lambda text: f"trim({text})",
    "join": lambda by, items: f"join({items}, {by})",
    "split": lambda by, text: f"split({text}, {by})",
    "replace": lambda text, old, new: f"replace({text}, {old}, {new})",
    "concat": lambda *lists: f"concat({', '.join(lists)})",
    "merge": lambda *objects: f"shallowMerge(createArray({', '.join(objects)}))",
    "length": lambda value: f"length({value})",
    "base64encode": lambda text: f"base64({text})",
    "base64decode": lambda text: f"base64ToString({text})",
    "jsonencode": lambda value: f"string({value})",
    "jsondecode": lambda text: f"json({text})",
    "coalesce": lambda *values: f"coalesce({', '.join(values)})",
    "element": lambda items, index: f"{items}[{index}]",
    "lookup": lambda items, key, other="null()": f"coalesce(tryGet({items}, {key}), {other})",
    "tostring": lambda value: f"string({value})",
    "tonumber": lambda value: f"int({value})",
    "flatten": lambda lists: f"flatten({lists})",
    "tolist": lambda items: items,
    "toset": lambda items: items,
}


def parse_hcl(text: str) -> dict[str, Any]:
    """Read a file: attributes by name; blocks by type, each in a list, its labels as ``labels``.

    Raises :class:`UnreadableError`.
    """
    reader = _Reader(text)
    try:
        found = reader.body(0)
    except (_UnknownError, ValueError, RecursionError):
        raise reader.wrong() from None
    if reader.at < len(text):
        raise reader.wrong()
    return found


def blocks_of(content: Any, kind: str) -> list[dict[str, Any]]:
    """Give the blocks of one type in a body; an attribute of that name is none."""
    found = content.get(kind)
    listed = found if isinstance(found, list) else []
    return [each for each in listed if isinstance(each, dict) and "labels" in each]


class _UnknownError(Exception):
    """Only Terraform or Packer could compute this."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.steps = text, 0, 0

    def wrong(self) -> UnreadableError:
        line = self.text.count("\n", 0, self.at) + 1
        return UnreadableError(f"is no HCL that can be read: line {line}")

    def skip(self, lines: bool = True) -> None:
        found = (_LINES if lines else _SPACE).match(self.text, self.at)
        self.at = found.end() if found else self.at

    def sees(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def take(self, mark: str) -> bool:
        if self.sees(mark):
            self.at += len(mark)
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def body(self, depth: int) -> dict[str, Any]:
        """Read attributes and blocks up to a closing brace or the end."""
        found: dict[str, Any] = {}
        self.skip()
        while self.at < len(self.text) and not self.sees("}"):
            name = self.match(_NAME)
            if not name or depth > _DEEPEST:
                raise self.wrong()
            self.skip(lines=False)
            if self.sees("=") and not self.sees("=="):
                self.at += 1
                found[name] = written(self.attribute(depth))
            else:
                there = found.setdefault(name, [])
                if not isinstance(there, list):
                    raise self.wrong()
                there.append(self.block(depth))
            self.skip()
        return found

    def block(self, depth: int) -> dict[str, Any]:
        labels: list[str] = []
        while not self.take("{"):
            if self.take('"'):
                labels.append(str(self.template('"', depth)))
            elif label := self.match(_NAME):
                labels.append(label)
            else:
                raise self.wrong()
            self.skip(lines=False)
        inner = self.body(depth + 1)
        if not self.take("}"):
            raise self.wrong()
        return {**inner, "labels": labels}

    def attribute(self, depth: int) -> Any:
        """Read an attribute's value; one that cannot be computed here keeps what it refers to."""
        self.skip(lines=False)
        start = self.at
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise self.wrong()
        try:
            return self.whole(depth)
        except _UnknownError:
            self.at = start
            return self.unknown()

    def whole(self, depth: int) -> Any:
        """Read a value that nothing follows: what does is an operator. Raises _UnknownError."""
        found = self.value(depth)
        self.skip(lines=False)
        if self.at < len(self.text) and self.text[self.at] not in "\n,}])":
            raise _UnknownError
        return found

    def unknown(self) -> Expression:
        """Go past an expression that only Terraform computes."""
        start, depth = self.at, 0
        while self.at < len(self.text):
            self.skip(lines=False)
            char = self.text[self.at : self.at + 1]
            if not char or (depth == 0 and char in "\n,}])"):
                break
            if char == '"':
                self.at += 1
                self.template('"', 0)
                continue
            depth += (char in "([{") - (char in ")]}")
            self.at += 1
        names = dict.fromkeys(re.findall(r"\bvar\.([\w-]+)", self.text[start : self.at]))
        return Expression(f"computed({', '.join(f'parameters({_quoted(n)})' for n in names)})")

    def value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise self.wrong()
        if self.sees("<<"):
            return self.heredoc(depth)
        if self.take('"'):
            return self.template('"', depth)
        if self.take("["):
            return self.items("]", depth)
        if self.take("{"):
            return self.object(depth)
        if number := self.match(_NUMBER):
            return float(number) if "." in number else int(number)
        name = self.match(_NAME)
        if name in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[name]
        if not name or name == "for":
            raise _UnknownError
        if self.take("("):
            return self.call(name, depth)
        return self.reference(name, depth)

    def heredoc(self, depth: int) -> Any:
        found = _HEREDOC.match(self.text, self.at)
        if found is None:
            raise self.wrong()
        self.at = found.end()
        return _Reader(textwrap.dedent(found[3]) if found[1] else found[3]).template("", depth)

    def items(self, end: str, depth: int) -> list[Any]:
        found: list[Any] = []
        self.skip()
        while not self.take(end):
            if self.match(re.compile(r"for\b")):
                raise _UnknownError
            found.append(self.attribute(depth + 1))
            self.skip()
            if not self.take(",") and not self.sees(end):
                raise self.wrong()
            self.skip()
        return found

    def object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.skip()
        while not self.take("}"):
            if self.match(re.compile(r"for\b")):
                raise _UnknownError
            key = self.template('"', depth) if self.take('"') else self.match(_NAME)
            self.skip(lines=False)
            if not key or not (self.take("=") or self.take(":")):
                raise _UnknownError
            found[str(key)] = self.attribute(depth + 1)
            self.skip()
            self.take(",")
            self.skip()
        return found

    def call(self, name: str, depth: int) -> Any:
        arguments = [_expression(each) for each in self.items(")", depth)]
        function = _FUNCTIONS.get(name)
        if function is None:
            raise _UnknownError
        try:
            return Expression(function(*arguments))
        except TypeError:
            raise _UnknownError from None

    def reference(self, name: str, depth: int) -> Expression:
        """Read ``var.x``, ``local.x`` and what follows; any other name is another resource's."""
        path: list[str] = []
        while True:
            if self.take("."):
                part = self.match(_NAME) or self.match(re.compile(r"\d+|\*"))
                path.append(f"[{part}]" if part.isdigit() else f".{part}")
            elif self.take("["):
                self.skip()
                path.append(f"[{_expression(self.attribute(depth + 1))}]")
                self.skip()
                if not self.take("]"):
                    raise _UnknownError
            else:
                break
        if name in {"var", "local"} and path and path[0].startswith("."):
            kind = "parameters" if name == "var" else "variables"
            rest = [f"[{_quoted(each[1:])}]" if each.startswith(".") else each for each in path[1:]]
            return Expression(f"{kind}({_quoted(path[0][1:])}){''.join(rest)}")
        return Expression(f"reference({_quoted(name + ''.join(path))})")

    def template(self, end: str, depth: int) -> Any:
        """Read a text up to its end, with what is put into it."""
        parts: list[Any] = [""]
        while not (end and self.take(end)):
            if self.at >= len(self.text):
                if end:
                    raise self.wrong()
                break
            if self.take("$${") or self.take("%%{"):
                parts[-1] += self.text[self.at - 2 : self.at]
            elif self.take("%{"):
                raise _UnknownError
            elif self.take("${"):
                self.skip()
                value = self.attribute(depth + 1)
                self.skip()
                if not self.take("}"):
                    raise _UnknownError
                parts += [value, ""]
            elif end and self.take("\\"):
                parts[-1] += self.escape()
            elif run := self.match(_PLAIN):
                parts[-1] += run
            else:
                parts[-1] += self.text[self.at]
                self.at += 1
        return joined(parts)

    def escape(self) -> str:
        code = self.text[self.at : self.at + 1]
        size = {"u": 4, "U": 8}.get(code, 0)
        digits = self.text[self.at + 1 : self.at + 1 + size]
        self.at += 1 + size
        return chr(int(digits, 16) % 0x110000) if size else _ESCAPES.get(code, code)


def joined(parts: list[Any]) -> Any:
    """Put texts and values together as one text."""
    told = [each for each in parts if each != ""]
    if all(isinstance(each, str) and not isinstance(each, Expression) for each in told):
        return "".join(told)
    if len(told) == 1:
        return told[0]
    return Expression(f"concat({', '.join(map(_expression, told))})")


def written(value: Any) -> Any:
    """Write a value as a template has it."""
    if isinstance(value, Expression):
        return f"[{value}]"
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") else value
    if isinstance(value, list):
        return [written(each) for each in value]
    return {k: written(v) for k, v in value.items()} if isinstance(value, dict) else value


def _expression(value: Any) -> str:
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return f"{'null' if value is None else str(value).lower()}()"
    if isinstance(value, list):
        return f"createArray({', '.join(map(_expression, value))})"
    if isinstance(value, dict):
        pairs = (f"{_quoted(key)}, {_expression(each)}" for key, each in value.items())
        return f"createObject({', '.join(pairs)})"
    return str(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
