"""The expressions of both services, as far as our files use them; what is not known here fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:'(?:[^']|'')*'|[\w-]+|==|!=|&&|\|\||[!().,\[\]])")
Functions = Mapping[str, Callable[..., Any]]


def evaluate(text: str, names: Mapping[str, Any], functions: Functions) -> Any:
    """Give the value of ``a.b == 'c' && !f()`` as well as of ``and(eq(a['b'], 'c'), f())``."""
    return _Reader(text, names, functions).whole()


def filled(text: str, names: Mapping[str, Any], functions: Functions) -> Any:
    """Fill ``${{ }}`` in; an expression that is all of the text keeps its kind."""
    whole = re.fullmatch(r"\s*\$\{\{(.+?)\}\}\s*", text, re.DOTALL)
    if whole and "${{" not in whole[1]:
        return evaluate(whole[1], names, functions)
    return re.sub(
        r"\$\{\{(.+?)\}\}", lambda found: _spell(evaluate(found[1], names, functions)), text
    )


def _spell(value: Any) -> str:
    return "" if value is None else str(value)


class _Reader:
    def __init__(self, text: str, names: Mapping[str, Any], functions: Functions) -> None:
        self._names, self._functions = names, functions
        self._tokens: list[str] = []
        at = 0
        text = text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            assert found, f"not understood: {text[at:]}"
            self._tokens.append(found[0].strip())
            at = found.end()

    def whole(self) -> Any:
        value = self._either()
        assert not self._tokens, f"left over: {self._tokens}"
        return value

    def _take(self, *wanted: str) -> str | None:
        if self._tokens and self._tokens[0] in wanted:
            return self._tokens.pop(0)
        return None

    def _either(self) -> Any:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._same()
        while self._take("&&"):
            other = self._same()
            value = value and other
        return value

    def _same(self) -> Any:
        value = self._one()
        if sign := self._take("==", "!="):
            return (value == self._one()) is (sign == "==")
        return value

    def _one(self) -> Any:
        if self._take("!"):
            return not self._one()
        if self._take("("):
            value = self._either()
            assert self._take(")")
            return value
        token = self._tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self._tokens[:1] == ["("]:
            return self._call(token)
        assert token in self._names, f"unknown name {token}"
        return self._reach(self._names[token])

    def _call(self, name: str) -> Any:
        assert self._take("(")
        values = []
        while not self._take(")"):
            values.append(self._either())
            self._take(",")
        assert name in self._functions, f"unknown function {name}"
        return self._functions[name](*values)

    def _reach(self, value: Any) -> Any:
        while sign := self._take(".", "["):
            if sign == ".":
                key = self._tokens.pop(0)
            else:
                key = str(self._either())
                assert self._take("]")
            value = (value or {}).get(key)
        return value
