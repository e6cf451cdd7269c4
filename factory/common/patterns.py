"""Path patterns that say which images a lab takes: ``windows/**``, ``linux/ubuntu-*``, ``!old/*``.

Segment-aware and case-sensitive. The original factory matched by plain prefix, in three places in
three ways: ``Win2016`` also took ``Win2016Core``, and ``win2016`` validated but copied nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from factory.common.messages import look_alike

# What no folder has; matching takes time by both.
_LONGEST, _MOST_SLASHES = 256, 16


def matches(pattern: str, identity: str) -> bool:
    """Tell whether one pattern (without a leading ``!``) takes this definition.

    ``*`` and ``?`` stay within a segment; ``**`` stands for any number of whole segments, none
    included, but a trailing ``**`` for at least one: ``windows/**`` does not take ``windows``.
    """
    return _match(tuple(pattern.split("/")), tuple(identity.split("/")))


@lru_cache(maxsize=65_536)
def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    if not pattern:
        return not segments
    head, rest = pattern[0], pattern[1:]
    if head == "**":
        if not rest:
            return bool(segments)
        return any(_match(rest, segments[skip:]) for skip in range(len(segments) + 1))
    return bool(segments) and fnmatchcase(segments[0], head) and _match(rest, segments[1:])


def takes(patterns: Iterable[str], identity: str) -> bool:
    """Tell whether patterns take this definition: some include does, and no ``!`` does."""
    included = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if matches(pattern[1:], identity):
                return False
        elif not included:
            included = matches(pattern, identity)
    return included


def takes_any(patterns: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether patterns take a definition that had other names: the present one comes first.

    What a lab took under a former name it goes on taking; but a ``!`` for the present name holds.
    """
    if any(each.startswith("!") and matches(each[1:], names[0]) for each in patterns):
        return False
    return any(takes(patterns, name) for name in names)


def fault_of(pattern: str) -> str | None:
    """Say what is wrong with a pattern as text, or None: what can never match is a mistake."""
    body = pattern.removeprefix("!")
    if not body:
        return "the pattern is empty"
    if len(body) > _LONGEST or body.count("/") > _MOST_SLASHES:
        return f"at most {_LONGEST} characters and {_MOST_SLASHES} slashes"
    if alien := look_alike(body):
        return f"definitions have plain names, {alien}"
    if "\\" in body:
        return "use / between folders, not \\"
    segments = body.split("/")
    if "" in segments:
        return "no segment may be empty (a leading, trailing or double /)"
    if any("**" in segment and segment != "**" for segment in segments):
        return "** must stand alone between slashes"
    if any(segment in {".", ".."} for segment in segments):
        return "a pattern cannot leave the images folder"
    if body.endswith((".yaml", ".yml")):
        return "name the definition without its ending"
    return None
