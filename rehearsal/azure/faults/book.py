"""The rules in force, on disk, with how often each has matched and hit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import uuid4

from rehearsal.azure.faults.rules import ArtifactFault, Rule, parse
from rehearsal.azure.store import Shelf

Json = dict[str, Any]


@dataclass(frozen=True)
class Hit:
    """A rule that hits now, and its id."""

    id: str
    rule: Rule


class Faults:
    """The rules in force, in the order they were added; the first that hits is taken.

    A rule that can never hit again goes, so that `faults list` shows what can still happen.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __bool__(self) -> bool:
        return len(self._shelf) > 0

    def add(self, text: Json) -> str:
        """Add a rule, or put it in the place of one of the same id; gives its id.

        TypeError or ValueError name what is wrong with it.
        """
        parse(text)
        name = str(text.get("id") or uuid4().hex[:8])
        kept = {key: value for key, value in text.items() if key != "id"}
        self._shelf.put(name, {"rule": kept, "matched": 0, "hit": 0})
        return name

    def listed(self) -> list[Json]:
        """Give the rules as they were written, with ids and counts."""
        return [
            {"id": name, **doc["rule"], "matched": doc["matched"], "hit": doc["hit"]}
            for name, doc in self._shelf.items()
        ]

    def clear(self, name: str | None = None) -> int:
        """Remove one rule, or all; gives how many went."""
        gone = [key for key, _ in self._shelf.items() if name in (None, key)]
        for key in gone:
            self._shelf.drop(key)
        return len(gone)

    def take(
        self,
        effects: Iterable[str],
        matches: Callable[[Rule], bool],
        *,
        again: Callable[[str], bool] = lambda _: False,
    ) -> Hit | None:
        """Take the first rule with one of these effects that hits now, counting it.

        `again` tells of a rule that has counted this very operation before: a counted rule takes
        the polls of one operation as one request, since how many there are depends on the machine.
        """
        wanted = frozenset(effects)
        for name, doc in self._shelf.items():
            rule = _read(json.dumps(doc["rule"]))
            if rule.effect not in wanted or not matches(rule):
                continue
            if rule.counted and again(name):
                continue
            number, hits = doc["matched"] + 1, doc["hit"]
            struck = rule.strikes(number, hits)
            hits += struck
            if rule.spent(number, hits):
                self._shelf.drop(name)
            else:
                self._shelf.put(name, {**doc, "matched": number, "hit": hits})
            if struck:
                return Hit(name, rule)
        return None

    def artifact(self, artifact: str, vm: str, key: str) -> ArtifactFault | None:
        """Take the fault that hits this artifact on the VM with this id; None if none does."""

        def concerned(rule: Rule) -> bool:
            return _script(rule).hits(artifact, vm) and rule.matches("", key, "")

        hit = self.take(["artifact"], concerned)
        return _script(hit.rule) if hit else None

    def lost(self, source: str, *, asked: bool) -> bool:
        """Tell whether the artifacts of a source are lost now; only what is `asked` for counts."""

        def concerned(rule: Rule) -> bool:
            return rule.matches("", source, "microsoft.devtestlab/labs/artifactsources")

        if asked:
            return self.take(["repository"], concerned) is not None
        return any(
            rule.effect == "repository" and concerned(rule) and rule.strikes(number + 1, hits)
            for rule, number, hits in (
                (_read(json.dumps(doc["rule"])), doc["matched"], doc["hit"])
                for _, doc in self._shelf.items()
            )
        )


@lru_cache(maxsize=256)
def _read(text: str) -> Rule:
    return parse(json.loads(text))


def _script(rule: Rule) -> ArtifactFault:
    value = rule.value
    return ArtifactFault(value["name"], value["vm"], value["message"], value["exit"])
