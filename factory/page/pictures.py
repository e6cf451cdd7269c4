"""Pictures of the site as plain shapes, which a template draws as SVG; text is cut to fit.

A shape is a mapping with ``kind`` (``line``, ``box``, ``dot``, ``text``), places in pixels, and a
``style`` that the style sheet knows. Each picture repeats what a table beside it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Shape = dict[str, Any]
_ROW, _INDENT, _WIDE = 40, 28, 320
_FITS = 44
# More rows would be no picture any more: the table has them all.
_MOST = 40
_CHART, _LABEL = 640, 220


def _cut(text: str, fits: int = _FITS) -> str:
    return text if len(text) <= fits else f"{text[: fits - 1]}…"


def _picture(width: int, height: int, shapes: Sequence[Shape], title: str) -> Shape:
    return {"width": width, "height": height, "shapes": list(shapes), "title": title}


def lineage_picture(document: Mapping[str, Any]) -> Shape:
    """Draw what an image is built on, and what is built on it, as a tree from the top."""
    lineage = document["lineage"]
    above = [("base", lineage["base"], None)] if lineage["base"] else []
    above += [("image", each["image"], each["address"]) for each in lineage["parents"]]
    chain = [*above, ("own", document["image"], None)]
    nodes = [(level, *each) for level, each in enumerate(chain)]
    last = len(chain) - 1
    nodes += [(last + 1, "image", each["image"], each["address"]) for each in lineage["children"]]
    shapes: list[Shape] = []
    for row, (level, style, text, address) in enumerate(nodes):
        left, top = level * _INDENT, row * _ROW
        if row:
            parent = min(level - 1, last)
            x, y = parent * _INDENT + 12, parent * _ROW + 30
            middle = top + 15
            shapes += [
                {"kind": "line", "x1": x, "y1": y, "x2": x, "y2": middle, "style": "edge"},
                {"kind": "line", "x1": x, "y1": middle, "x2": left, "y2": middle, "style": "edge"},
            ]
        box = {"kind": "box", "x": left, "y": top, "width": _WIDE, "height": 30, "style": style}
        shapes += [{**box, "address": address, "text": _cut(text), "title": text}]
    width = _WIDE + _INDENT * max(level for level, *_ in nodes)
    return _picture(width, len(nodes) * _ROW, shapes, f"What {document['image']} is built on")


def versions_picture(document: Mapping[str, Any]) -> Shape | None:
    """Draw which versions each stack has, from the oldest to the newest; None without any."""
    versions = list(reversed(document["versions"][:_MOST]))
    stacks = [each["stack"] for each in document["stacks"]]
    if not versions or not stacks:
        return None
    step = max(14, min(60, (_CHART - 100) // len(versions)))
    shapes: list[Shape] = []
    for row, stack in enumerate(stacks):
        y = row * 30 + 16
        shapes.append({"kind": "text", "x": 0, "y": y + 4, "text": _cut(stack, 12), "style": ""})
        right = 110 + step * (len(versions) - 1)
        shapes.append({"kind": "line", "x1": 100, "y1": y, "x2": right, "y2": y, "style": "edge"})
        for column, version in enumerate(versions):
            for here in version["stacks"]:
                if here["stack"] == stack:
                    told = f"{version['version']} in {stack}: {here['state']}"
                    style = here["state"].replace(" ", "-")
                    x = 110 + step * column
                    shapes.append({"kind": "dot", "x": x, "y": y, "style": style, "title": told})
    width = 130 + step * (len(versions) - 1)
    return _picture(width, len(stacks) * 30 + 6, shapes, "Versions through the stacks")


def weeks_picture(weeks: Sequence[Mapping[str, Any]]) -> Shape | None:
    """Draw what is stored at the end of each week, and what happens in it; None without any."""
    if not weeks:
        return None
    most = max(each["storedGib"] for each in weeks) or 1
    step = _CHART // len(weeks)
    shapes: list[Shape] = []
    for column, each in enumerate(weeks):
        high = round(100 * each["storedGib"] / most)
        x = column * step
        told = (
            f"week of {each['begins'][:10]}: {each['storedGib']} GiB stored, "
            f"{each['builds']} built, {each['receives']} received, {each['retires']} retired"
        )
        box = {"kind": "box", "x": x, "y": 120 - high, "width": max(step - 4, 2), "height": high}
        shapes.append({**box, "style": "bar", "address": None, "text": "", "title": told})
        news = f"+{each['builds'] + each['receives']} -{each['retires']}"
        shapes.append({"kind": "text", "x": x, "y": 136, "text": news, "style": "small"})
        day = each["begins"][5:10]
        shapes.append({"kind": "text", "x": x, "y": 152, "text": day, "style": "small"})
    return _picture(_CHART, 160, shapes, "Stored at the end of each week, in GiB")


def time_line(document: Mapping[str, Any]) -> Shape | None:
    """Draw what the last run that made something did to each version, from begin to end."""
    events = document["events"]
    begins = [each["begins"] for each in document["updates"]]
    moments = [(datetime.fromisoformat(each["when"]), each) for each in events]
    for begin in begins:
        since = datetime.fromisoformat(begin.replace("Z", "+00:00"))
        if any(moment >= since for moment, _ in moments):
            moments = [(moment, each) for moment, each in moments if moment >= since]
            break
    spans: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    for moment, each in moments:
        spans.setdefault((each["image"], each["version"]), []).append((moment, each["what"]))
    if not spans:
        return None
    first = min(moment for moment, _ in moments)
    length = max((max(moment for moment, _ in moments) - first).total_seconds(), 1.0)

    def place(moment: datetime) -> int:
        return _LABEL + round((_CHART - _LABEL - 10) * (moment - first).total_seconds() / length)

    shapes: list[Shape] = []
    for row, ((image, version), found) in enumerate(list(spans.items())[:_MOST]):
        y = row * 22
        label = _cut(f"{image} {version}", 34)
        shapes.append({"kind": "text", "x": 0, "y": y + 14, "text": label, "style": "small"})
        left, right = place(min(found)[0]), place(max(found)[0])
        box = {"kind": "box", "x": left, "y": y + 5, "width": max(right - left, 2), "height": 10}
        shapes.append({**box, "style": "bar", "address": None, "text": "", "title": label})
        for moment, what in sorted(found):
            told = f"{moment:%H:%M:%S} {image} {version}: {what}"
            style = what.partition(" ")[0].rstrip(":")
            shapes.append(
                {"kind": "dot", "x": place(moment), "y": y + 10, "style": style, "title": told}
            )
    return _picture(_CHART, min(len(spans), _MOST) * 22 + 4, shapes, "Builds and copies by time")
