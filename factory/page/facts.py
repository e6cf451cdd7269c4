"""What several documents of the site ask for, found once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from factory.definitions.lineage import Image, parent_of
from factory.page.addresses import lab_address, run_address
from factory.page.holdings import Holding, holdings, newest_of
from factory.page.stack_view import StackView
from factory.plan.explanation.cost import stored_by_lab
from factory.plan.reports.table import headline
from factory.plan.reports.usage_report import usage_data
from factory.plan.usage import UsedState, usages

Document = dict[str, Any]
_OLD = frozenset({UsedState.BEHIND, UsedState.REVOKED, UsedState.GONE})


class Facts:
    """What several documents ask for, found once."""

    def __init__(self, views: Sequence[StackView]) -> None:
        self.views = views
        self.holdings = {view.name: list(holdings(view)) for view in views}
        self.by_image: dict[str, list[tuple[StackView, Holding]]] = defaultdict(list)
        self.by_lab: dict[tuple[str, str], list[Holding]] = defaultdict(list)
        self.uses: dict[tuple[str, str], list[Document]] = defaultdict(list)
        self.uses_of: dict[str, list[Document]] = defaultdict(list)
        # GiB by stack, then by lab ("" is the stack's own), then by image.
        self.stored: dict[str, dict[str, dict[str, float]]] = {}
        self.images: dict[str, Image] = {}
        self.children: dict[str, list[str]] = defaultdict(list)
        for view in views:
            for each in self.holdings[view.name]:
                self.by_image[each.image.identity].append((view, each))
                self.by_lab[view.name, each.lab.name].append(each)
            self._read(view)
        for identity, image in sorted(self.images.items()):
            if (parent := parent_of(image)) is not None:
                self.children[parent].append(identity)
        situations = [view.situation for view in views if view.situation is not None]
        self.now = max((each.now for each in situations), default=None)
        known = {identity for each in situations for identity in each.images}
        self.identities = sorted(known | self.images.keys())

    def _read(self, view: StackView) -> None:
        if view.inputs is None or view.situation is None:
            return
        self.images |= view.inputs.images
        shares = self.stored.setdefault(view.name, defaultdict(dict))
        for (lab, identity), gib in stored_by_lab(view.situation).items():
            shares[lab][identity] = gib
        for each in usages(view.situation):
            entry = {"stack": view.name, **usage_data(each, view.situation.now)}
            entry["old"] = each.state in _OLD
            self.uses[view.name, each.lab].append(entry)
            if each.image:
                self.uses_of[each.image].append(entry)

    def newest(self, identity: str) -> str | None:
        """Give the newest good version that any stack knows of."""
        known = [
            found
            for view in self.views
            if view.situation and identity in view.situation.images
            for found in [newest_of(view.situation.images[identity])]
            if found is not None
        ]
        return str(max(known)) if known else None


def time_text(moment: datetime | None) -> str | None:
    """Write a moment in ISO 8601, None as it is."""
    return moment.isoformat(timespec="seconds") if moment is not None else None


def stack_head(view: StackView) -> Document:
    """Say what a stack is, and in one line what its next run does."""
    situation = view.situation
    return {
        "stack": view.name,
        "address": run_address(view.name),
        "fullName": situation.name if situation else None,
        "builds": situation.builds if situation else None,
        "sources": list(view.inputs.sources) if view.inputs else [],
        "now": time_text(situation.now if situation else None),
        "trouble": view.trouble or None,
        "headline": headline(view.plan) if view.plan else None,
        "nothingDue": view.plan.nothing_due if view.plan else None,
    }


def lab_head(view: StackView, name: str) -> Document:
    """Say which lab it is, and why it is out of reach, if it is."""
    lab = view.situation.lab(name) if view.situation else None
    spec = lab.spec if lab else None
    return {
        "stack": view.name,
        "lab": name,
        "address": lab_address(view.name, name),
        "group": spec.resource_group if spec else None,
        "region": spec.region if spec else None,
        "trouble": lab.fault[0] if lab and not lab.reachable else None,
    }
