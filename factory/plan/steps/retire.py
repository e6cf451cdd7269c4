"""What is planned for versions that go: retired, revoked, forgotten, never released."""

from __future__ import annotations

from factory.ledger.model import Held
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Source, Step, VersionPlan
from factory.plan.rules.retention import grace_over, keep_of
from factory.plan.steps.keep import unprotect
from factory.plan.steps.repair import source_plan
from factory.plan.steps.unreleased import leave


def retire(inputs: Inputs, held: Held, draft: Draft, reason: str) -> None:
    """Drop a version from every lab. Its origin keeps the source snapshot for ``sourceGrace``."""
    version = str(held.version)
    if inputs.present(held.identity) not in inputs.images or inputs.elsewhere(held.identity):
        draft.unreplaced.append(f"{held.identity} {version}")
    if held.protected:
        unprotect(inputs, held, draft, reason)
        return
    for lab in sorted(held.labs) or [""]:
        draft.steps.append(Step(Action.RETIRE, held.identity, version, reason, lab))
    if inputs.settings.builds and held.record is not None and held.has("source"):
        draft.versions.append(
            VersionPlan(
                held.identity, held.version, record=held.record, retired=inputs.observed.now
            )
        )


def revoke(inputs: Inputs, held: Held, draft: Draft, reason: str, *, replaced: int) -> None:
    """Take a version out of every lab at once. Its origin keeps it, so that it can be restored."""
    if held.protected:
        unprotect(inputs, held, draft, f"revoked: {reason}", revoked=reason)
        return
    version = str(held.version)
    for lab in sorted(held.labs):
        draft.steps.append(Step(Action.RETIRE, held.identity, version, f"revoked: {reason}", lab))
    if not inputs.settings.builds:
        if not held.labs:
            draft.steps.append(Step(Action.RETIRE, held.identity, version, f"revoked: {reason}"))
        return
    if replaced >= keep_of(inputs, held.identity).newest:
        retire(inputs, held, draft, f"revoked: {reason}, and replaced since")
        return
    vm = held.parts.get(("capture",), {}).get("vm")
    draft.steps.append(Step(Action.KEEP, held.identity, version, f"revoked: {reason}"))
    draft.versions.append(
        VersionPlan(
            held.identity,
            held.version,
            record=held.record,
            revoked=reason,
            captured_from=Source.VM if vm else None,
            source=source_plan(inputs, held),
        )
    )


def still_retired(inputs: Inputs, held: Held, draft: Draft) -> None:
    """Keep a retired version's source for its receivers, until they had time to copy."""
    version = str(held.version)
    gone = not held.has("source")
    if gone or grace_over(inputs, held):
        reason = "retired, and its receivers had time to copy"
        if gone:
            reason = "retired, and its source snapshot is gone already"
        draft.steps.append(Step(Action.REMOVE, held.identity, version, reason))
        return
    reason = "retired; its source snapshot stays until receivers had time to copy"
    draft.steps.append(Step(Action.KEEP, held.identity, version, reason))
    draft.versions.append(
        VersionPlan(held.identity, held.version, record=held.record, retired=held.retired)
    )


def leftovers(inputs: Inputs, identity: str, held: list[Held], draft: Draft) -> None:
    """Announce what leaves the state: released build VMs, and what was never released."""
    going_on = {version.version for version in draft.versions if version.identity == identity}
    for version in held:
        if version.record and version.has("spec"):
            reason = "its build VM was released when the image was"
            draft.steps.append(Step(Action.FORGET, identity, str(version.version), reason))
        elif not version.record and version.version not in going_on:
            leave(inputs, version, draft)
