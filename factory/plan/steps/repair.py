"""What was deleted by hand is made again from another kept copy, never by a build.

The disk of the build is long gone, so a lost source snapshot cannot come from where it came from.
"""

from __future__ import annotations

from factory.common import names
from factory.ledger.model import HOLDINGS, Held
from factory.plan.inputs import Inputs
from factory.plan.model import Action, LabDelivery, SourcePlan, Step


def source_plan(inputs: Inputs, held: Held, *, mend: bool = True) -> SourcePlan:
    """Plan the source snapshot of a released version of this stack; a receiving one has none.

    ``mend`` is off for a version that is due to go: then what is lost is forgotten.
    """
    if not inputs.settings.builds:
        return SourcePlan()
    if held.has("source"):
        name = names.image_name(held.identity, held.version).lower()
        found = inputs.observed.snapshots.get(name)
        half = found is not None and found.copy_percent is not None and found.copy_percent < 100
        return SourcePlan(waits=half)
    spare = spare_copy(inputs, held, inputs.settings.region) if mend else None
    if spare is None:
        return SourcePlan(lost=True)
    return SourcePlan(origin=spare[1], region=spare[0], waits=True)


def source_there(inputs: Inputs, held: Held, source: SourcePlan) -> bool:
    """Tell whether copies can be made from a version's source; of a receiver, its origin says."""
    if inputs.settings.builds:
        return not source.lost
    if inputs.catalogue is None:
        return True
    return (held.identity, held.version) in inputs.catalogue.entries


def spare_copy(inputs: Inputs, held: Held, region: str) -> tuple[str, str] | None:
    """Give the region and id of a whole copy elsewhere that one in ``region`` can be made from.

    Only an incremental snapshot crosses regions.
    """
    home = held.record.region if held.record else ""
    for path, outputs in sorted(held.parts.items()):
        if path[0] != "copy" or path[1] == region:
            continue
        incremental = outputs.get("incremental", path[1] != home)
        name = str(outputs.get("name") or "")
        found = inputs.observed.snapshots.get(name.lower())
        half = found is not None and (
            found.broken or (found.copy_percent is not None and found.copy_percent < 100)
        )
        if name and incremental and not half:
            settings = inputs.settings
            return path[1], (
                f"/subscriptions/{settings.subscription_id}/resourceGroups/"
                f"{settings.resource_group}/providers/Microsoft.Compute/snapshots/{name}"
            )
    return None


def told(held: Held, source: SourcePlan) -> list[Step]:
    """Say what becomes of a source snapshot that somebody deleted."""
    version = str(held.version)
    if source.origin:
        reason = f"its source snapshot is gone; made again from its copy in {source.region}"
        return [Step(Action.RESTORE, held.identity, version, reason)]
    if source.lost:
        reason = (
            "its source snapshot is gone, and so is every copy that it could be made from: labs "
            "that have it keep it, no other region and no receiving stack can get it"
        )
        return [Step(Action.WARN, held.identity, version, reason)]
    return []


def had(inputs: Inputs, lab: str, identity: str, version: str) -> bool:
    """Tell whether a lab held a version at the last run, which a refreshed state no longer shows.

    By the stack's own output: a refresh takes what is gone out of the state, and nothing else says
    that an older version was to be there.
    """
    holdings = inputs.ledger.outputs.get(HOLDINGS)
    labs = holdings.get(lab) if isinstance(holdings, dict) else None
    versions = labs.get(identity) if isinstance(labs, dict) else None
    return isinstance(versions, list) and version in versions


def region_told(
    held: Held | None, region: str, labs: tuple[LabDelivery, ...], *, copied: bool, backed: bool
) -> list[Step]:
    """Say which copy or managed image is made again: labs there have images of it already."""
    if held is None or not any(delivery.held for delivery in labs):
        return []
    parts = {"copy": copied, "managed image": backed}
    return [
        Step(
            Action.RESTORE,
            held.identity,
            str(held.version),
            f"its {part} in {region} is gone; made again from what is kept",
        )
        for part, made in parts.items()
        if made
    ]
