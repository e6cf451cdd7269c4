"""The pages: sound, usable without a mouse or eyes, and safe from whoever names a thing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from posixpath import dirname, join, normpath
from typing import Any

_VOID = {"meta", "link", "input", "br"}
# What a page may lead to, if somebody clicks.
_PORTAL = "https://portal.azure.com/#resource/subscriptions/"


class Page(HTMLParser):
    """Reads a page as a browser would, and notes what tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.unlabelled: list[str] = []
        self.linked: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        if tag in {"input", "select"} and "label" not in self.open:
            self.unlabelled.append(tag)
        if tag == "a" and "svg" in self.open:
            self.linked.append(self.all("svg")[-1])
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for found, attrs in self.tags if found == tag]


def pages(files: dict[str, str]) -> dict[str, Page]:
    return {name: Page(text) for name, text in files.items() if name.endswith(".html")}


def test_nothing_that_anybody_is_called_becomes_markup_or_script(hostile: dict[str, str]) -> None:
    shown = 0
    for name, page in pages(hostile).items():
        assert "img" not in {tag for tag, _ in page.tags}, name
        assert len(page.all("script")) == 1, name
        assert not [attr for _, attrs in page.tags for attr in attrs if attr.startswith("on")]
        assert "\x1b" not in hostile[name]
        assert "\u202e" not in hostile[name]
        shown += sum("alert(1)" in text for texts in page.texts.values() for text in texts)
    assert shown > 10  # it is shown, as the text that it is
    for name, text in hostile.items():
        assert re.fullmatch(r"[a-z0-9._/-]+", name), name
        if name.endswith(".json"):
            json.loads(text)


def test_only_our_own_style_and_script_may_run(
    files: dict[str, str], hostile: dict[str, str]
) -> None:
    for text in [*files.values(), *hostile.values()]:
        if not text.startswith("<!DOCTYPE"):
            continue
        (policy,) = (
            str(each["content"])
            for each in Page(text).all("meta")
            if each.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        for tag in ("style", "script"):
            inner = text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
            digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        # The policy stands before what it is about, and no style is written into a tag.
        assert text.index("Content-Security-Policy") < text.index("<style>")
        assert not [1 for _, attrs in Page(text).tags if "style" in attrs]


def test_a_page_asks_nobody_and_every_link_leads_somewhere(
    files: dict[str, str], hostile: dict[str, str]
) -> None:
    for site in (files, hostile):
        found = pages(site)
        for name, page in found.items():
            for _, attrs in page.tags:
                assert not attrs.keys() & {"src", "srcset", "action", "data", "xlink:href"}
            for link in page.all("link"):
                assert link["href"] == "data:,"
            for link in page.all("a"):
                target = str(link["href"])
                if target.startswith("https:"):
                    assert target.startswith(_PORTAL)
                    assert link["rel"] == "noopener noreferrer"
                    continue
                path, _, anchor = target.partition("#")
                path = normpath(join(dirname(name), path)) if path else name
                assert path in site, (name, target)
                if anchor:
                    assert anchor in {attrs.get("id") for _, attrs in found[path].tags}


def test_every_page_has_its_landmarks_and_headings_in_order(files: dict[str, str]) -> None:
    titles = set()
    for name, page in pages(files).items():
        tags = [tag for tag, _ in page.tags]
        assert [tags.count(each) for each in ("header", "nav", "main", "footer", "h1")] == [1] * 5
        assert page.all("html")[0]["lang"] == "en"
        assert any(each.get("name") == "viewport" for each in page.all("meta"))
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert page.all("a")[0] == {"class": "skip", "href": "#main"}
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(set(ids)) == len(ids), name
        titles.add(page.texts["title"][0])
    assert len(titles) == len(pages(files))


def test_tables_fields_and_pictures_have_names(files: dict[str, str]) -> None:
    for page in pages(files).values():
        assert not page.unlabelled
        assert all(each.get("scope") in {"row", "col"} for each in page.all("th"))
        assert all(each.get("aria-label") for each in page.all("svg"))
        # A picture is one thing to a reader; one that has links in it is a group of them.
        assert {each["role"] for each in page.linked} <= {"group"}
        assert all(each["role"] == "img" for each in page.all("svg") if each not in page.linked)
        names = [str(each["aria-label"]) for _, each in page.tags if each.get("role") == "region"]
        heads = [text.strip() for text in page.texts["h2"]]
        assert len({*names, *heads}) == len(names) + len(heads)
        # What scrolls can be scrolled by keyboard, and says what it is.
        scrolled = [each for each in page.all("div") if "scroll" in str(each.get("class"))]
        assert all(
            each.get("tabindex") == "0" and each.get("role") == "region" and each.get("aria-label")
            for each in scrolled
        )
        referred = [
            str(each["aria-labelledby"]) for _, each in page.tags if "aria-labelledby" in each
        ]
        assert set(referred) <= {str(attrs.get("id")) for _, attrs in page.tags}


def test_without_a_script_nothing_is_offered_that_needs_one(files: dict[str, str]) -> None:
    for page in pages(files).values():
        for tag in ("form", "button"):
            assert all(
                "hidden" in each or (tag == "button" and "type" not in each)
                for each in page.all(tag)
            )


def test_a_state_is_told_in_words_not_by_colour_alone(files: dict[str, str]) -> None:
    cells = re.findall(r'<td class="(newest|behind)">([^<]*)</td>', files["index.html"])
    assert len(cells) == 6
    assert all(text.endswith(state) for state, text in cells)


def test_each_view_lies_beside_its_data(files: dict[str, str]) -> None:
    for name, page in pages(files).items():
        address = "overview" if name == "index.html" else name.removesuffix(".html")
        document: dict[str, Any] = json.loads(files[f"data/{address}.json"])
        assert document["schema"] == "image-factory/page/1"
        leads = [str(each["href"]) for each in page.all("a")]
        assert any(each.endswith(f"data/{address}.json") for each in leads)
    assert "prefers-color-scheme: dark" in files["index.html"]
