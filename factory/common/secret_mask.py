"""Takes secrets out of a text, whatever form they have in it; the text has to be raw and whole.

What a script, a shell and a service write of a value is found in two ways. Its usual spellings are
looked for as they are. And text and value are both reduced to their letters and digits, with all
escapes of JSON, XML and URLs undone however deep they are: what is quoted, wrapped, indented or
flattened is then the same. So is base64, which is looked for at each of its three offsets.
"""

from __future__ import annotations

import json
import re
from array import array
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from string import ascii_letters, digits
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
# Shorter values would black out half of every sentence and hide nothing; nor do shorter lines of
# one, or less than that of its letters.
_SHORTEST, _SHORTEST_LINE, _FEWEST = 3, 6, 8
_DEEPEST = 6
_ESCAPE = re.compile(
    r"(?<!\\)\\++(?:(?:u[0-9a-fA-F]{4}(?:\\++u[0-9a-fA-F]{4})*+)|x[0-9a-fA-F]{2}|[nrtbf])"
    r"|&(?:amp;)*+(?:[lg]t|quot|apos|nbsp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});|&(?:amp;)++"
    r"|(?:%(?:25)*[0-9a-fA-F]{2})++"
    r"|_x[0-9a-fA-F]{4}_"
)
# What may be left of one where the text was cut.
_CUT = re.compile(
    r"\A#?x?[0-9a-fA-F]{1,6};"
    r"|(?:&#?x?\w{0,6}|%[0-9a-fA-F]?|(?<!\\)\\++u?[0-9a-fA-F]{0,3})\Z"
)
_UNIT = re.compile(r"u([0-9a-fA-F]{4})")
_PLAIN = re.compile(r"[^\W_]+")
_BASE64 = f"{ascii_letters}{digits}+/_-="


@dataclass(frozen=True)
class _View:
    """A text made from another one: where each of its characters began and ended there."""

    text: str
    begins: array[int]
    ends: array[int]

    @classmethod
    def of(cls, text: str) -> _View:
        return cls(text, array("L", range(len(text))), array("L", range(1, len(text) + 1)))

    def pieces(self, found: Iterable[tuple[int, int, str | None]]) -> _View:
        """Put pieces of it together: kept as they are (None), or with what stands for them."""
        text: list[str] = []
        begins, ends = array("L"), array("L")
        for begin, end, instead in found:
            if instead is None:
                text.append(self.text[begin:end])
                begins += self.begins[begin:end]
                ends += self.ends[begin:end]
                continue
            text.append(instead)
            begins += array("L", [self.begins[begin]] * len(instead))
            ends += array("L", [self.ends[end - 1]] * len(instead))
        return _View("".join(text), begins, ends)

    def spans(self, needle: str) -> Iterator[tuple[int, int]]:
        """Find a text in it; gives where that is in the text that it was made from.

        Also where it was cut: how it begins at the end, and how it ends at the beginning.
        """
        at = self.text.find(needle)
        while at >= 0:
            yield self.begins[at], self.ends[at + len(needle) - 1]
            at = self.text.find(needle, at + 1)
        sizes = range(min(len(needle) - 1, len(self.text)), _FEWEST - 1, -1)
        if size := next((size for size in sizes if self.text.endswith(needle[:size])), 0):
            yield self.begins[-size], self.ends[-1]
        if size := next((size for size in sizes if self.text.startswith(needle[-size:])), 0):
            yield self.begins[0], self.ends[size - 1]


@dataclass(frozen=True)
class _Needle:
    """Letters and digits to look for; what stands beside them belongs to them, as far as named."""

    text: str
    before: str
    after: str
    most: int

    def widened(self, text: str, begin: int, end: int) -> tuple[int, int]:
        """Give the span in a text with what belongs to it."""
        least, most = begin - self.most, end + self.most
        while begin > max(least, 0) and text[begin - 1] in self.before:
            begin -= 1
        while end < min(most, len(text)) and text[end] in self.after:
            end += 1
        return begin, end


class Mask:
    """Hides some secrets; called with a text it gives that text with ``***`` in their places."""

    def __init__(self, secrets: Iterable[str]) -> None:
        values = {part for secret in secrets for part in _parts(secret)}
        self._spelled = [re.compile(form) for value in values for form in set(_spellings(value))]
        needles = {needle for value in values for needle in _needles(value)}
        self._needles = [needle for needle in needles if len(needle.text) >= _FEWEST]

    def __call__(self, text: str) -> str:
        """Mask a text, which is to be neither cut nor changed yet."""
        spans = [at.span() for form in self._spelled for at in form.finditer(text)]
        if self._needles:
            whole = _View.of(text)
            uncut = whole.pieces(_replaced(_CUT, text)) if _CUT.search(text) else whole
            for view in {id(each): each for each in (whole, uncut)}.values():
                decoded = _decoded(view)
                reduced = _reduced(decoded.text)
                for needle in self._needles:
                    for span in reduced.spans(needle.text):
                        begin, end = needle.widened(decoded.text, *span)
                        spans.append((decoded.begins[begin], decoded.ends[end - 1]))
        told: list[str] = []
        after = 0
        for begin, end in sorted(spans):
            if begin > after or not told:
                told += [text[after:begin], MASK]
            after = max(after, end)
        return "".join([*told, text[after:]])


def _parts(secret: str) -> Iterator[str]:
    """Give what is as secret as a secret: it, its lines, and the texts in it if it is JSON."""
    if len(secret) >= _SHORTEST:
        yield secret
    if len(stripped := secret.strip()) >= _SHORTEST:
        yield stripped
    lines = [each.strip() for each in secret.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE)
    try:
        found = json.loads(secret) if secret.lstrip()[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        return
    within = [found]
    while within:
        each = within.pop()
        if isinstance(each, str) and len(each) >= _FEWEST:
            yield from _parts(each)
        within += each.values() if isinstance(each, dict) else each if type(each) is list else []


def _spellings(value: str) -> Iterator[str]:
    """Give patterns of the usual ways to write a value."""
    json_ = json.dumps(value)[1:-1]
    for form in (
        value,
        json_,
        json.dumps(json_)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        escape(value),
        escape(value, quote=False),
        quote(value, errors="replace"),
        quote(value, safe="", errors="replace"),
        quote_plus(value, errors="replace"),
        " ".join(value.split()),
    ):
        if len(form.strip()) >= _SHORTEST:
            yield re.escape(form)


def _needles(value: str) -> Iterator[_Needle]:
    """Give the letters and digits of a value, and those of it in base64 and in hexadecimal.

    PowerShell encodes commands in UTF-16. In base64 the first and the last signs hang on what is
    around the value, so all that goes on without a break belongs to it.
    """
    plain = _decoded(_View.of(value)).text
    yield _Needle(_reduced(plain).text, *_edges(plain))
    for content in (value.encode("utf-8", "replace"), value.encode("utf-16-le", "replace")):
        for before in range(3):
            whole = b64encode(b"\0" * before + content).decode().rstrip("=")
            end = len(whole) if (before + len(content)) % 3 == 0 else -1
            form = _reduced(whole[(0, 2, 3)[before] : end]).text
            yield _Needle(form, _BASE64, _BASE64, 2**20)
        for form in (content.hex(), content.hex().upper()):
            yield _Needle(form, "", "", 0)


def _edges(text: str) -> tuple[str, str, int]:
    """Give what a text has before its letters and digits and after them, and how much at most."""
    found = [at.span() for at in _PLAIN.finditer(text)] or [(0, len(text))]
    before, after = text[: found[0][0]].strip(), text[found[-1][1] :].strip()
    return before, after, max(len(before), len(after))


def _reduced(text: str) -> _View:
    """Give the letters and digits of a text."""
    found = [(at.start(), at.end(), None) for at in _PLAIN.finditer(text)]
    return _View.of(text).pieces(found)


def _decoded(view: _View) -> _View:
    """Give a text with its escapes undone, however deep they are."""
    for _ in range(_DEEPEST):
        if _ESCAPE.search(view.text) is None:
            break
        view = view.pieces(_replaced(_ESCAPE, view.text, _meant))
    return view


def _replaced(
    pattern: re.Pattern[str], text: str, by: Callable[[str], str] = lambda _: " "
) -> Iterator[tuple[int, int, str | None]]:
    after = 0
    for at in pattern.finditer(text):
        yield after, at.start(), None
        yield at.start(), at.end(), by(at[0])
        after = at.end()
    yield after, len(text), None


def _meant(escaped: str) -> str:
    """Give what one escape stands for, or a space where that is no letter anyway."""
    if escaped[0] == "\\":
        units = "".join(_UNIT.findall(escaped))
        if units:
            return bytes.fromhex(units).decode("utf-16-be", "replace")
        return chr(int(escaped[-2:], 16)) if "x" in escaped else " "
    if escaped[0] == "&":
        return unescape(re.sub("^&(amp;)+", "&", escaped))
    if escaped[0] == "%":
        return unquote(re.sub("%(25)+(?=[0-9a-fA-F]{2})", "%", escaped), errors="replace")
    return chr(int(escaped[2:6], 16))
