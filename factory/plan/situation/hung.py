"""What Azure never ends: a run waited for it until its time was over, and it still is not there.

Here it is known by what a later refresh wrote down of it: as Azure shows it, half made. One that a
killed run left at work is not in the state, and so is never mistaken for it. Of one that a run
waited for in vain, or was interrupted with, the state has no outputs until then: ``settle`` in
factory/components/gates.py waits for it and judges, before it is written again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from factory.ledger.model import Ledger
from factory.observed.model import Observed, Thing, under_way

_SNAPSHOTS = frozenset({"source", "copy"})
# Where a thing is, "" for the stack's own group, and its lower-cased name.
_Place = tuple[str, str, str]


def given_up(observed: Observed, ledger: Ledger) -> Observed:
    """Mark what will never be whole: the last run waited in vain, and it is still at work."""
    waited = set(_waited_for(ledger))
    if not waited:
        return observed

    def marked(
        kind: str, lab: str, things: Mapping[str, Thing] | None
    ) -> Mapping[str, Thing] | None:
        return things and {
            name: replace(thing, given_up=True)
            if (kind, lab, name) in waited and under_way(thing.provisioning_state)
            else thing
            for name, thing in things.items()
        }

    labs = {
        name: lab and replace(lab, images=marked("lab", name, lab.images))
        for name, lab in observed.labs.items()
    }
    return replace(
        observed,
        labs=labs,
        captures=marked("capture", "", observed.captures) or {},
        snapshots=marked("snapshot", "", observed.snapshots) or {},
        managed_images=marked("image", "", observed.managed_images) or {},
    )


def _waited_for(ledger: Ledger) -> Iterator[_Place]:
    for held in ledger.held.values():
        for path, outputs in held.parts.items():
            if not path or not under_way(str(outputs.get("provisioningState") or "")):
                continue
            kind = "snapshot" if path[0] in _SNAPSHOTS else path[0]
            lab = path[1] if kind == "lab" else ""
            yield kind, lab, str(outputs.get("name") or "").lower()
