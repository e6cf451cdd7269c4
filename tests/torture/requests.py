"""Changing requests, as the record of an undisturbed run names them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.e2e.harness import FactoryUnderTest

Json = dict[str, Any]

CHANGING = ("PUT", "POST", "PATCH", "DELETE")
# Versions are named after the day, and the names of build VMs after the version.
_NUMBER = re.compile(r"-\d{8}-\d+")
_VM = re.compile(r"(/virtualmachines/[bv])[0-9a-f]{14}")


@dataclass(frozen=True)
class Request:
    """The ``nth`` request of a run with this method and path; the path is a pattern."""

    method: str
    path: str
    nth: int
    type: str

    def rule(self) -> Json:
        """Give whom a fault rule hits that hits this request alone."""
        return {"method": self.method, "path": self.path, "nth": self.nth}

    @property
    def route(self) -> str:
        """Its method and what it is asked of: the kind of request that it is."""
        action = self.path.rsplit("/", 1)[1] if self.method == "POST" else ""
        return f"{self.method} {self.type}{f'/{action}' if action else ''}"

    def __str__(self) -> str:
        tail = "/".join(self.path.split("/")[-4 if self.method == "POST" else -3 :])
        return f"{self.method} {tail}{f' (number {self.nth})' if self.nth > 1 else ''}"


def pattern(path: str) -> str:
    """Make a path independent of the day on which it was asked."""
    return _VM.sub(r"\1*", _NUMBER.sub("-*", path.lower()))


def changes(factory: FactoryUnderTest, since: str) -> list[Request]:
    """List the changing requests to ARM since a moment of the record, in their order."""
    client = factory.control()
    found = client.control("GET", "requests", None, since=since, last="20000")["value"]
    return list(_numbered(each for each in found if each["method"] in CHANGING))


def _numbered(requests: Iterable[Json]) -> Iterable[Request]:
    seen: Counter[tuple[str, str]] = Counter()
    for each in requests:
        if not each["path"].lower().startswith("/subscriptions/"):
            continue
        method, path = each["method"], pattern(each["path"])
        seen[method, path] += 1
        yield Request(method, path, seen[method, path], str(each["type"]))
