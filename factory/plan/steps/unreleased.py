"""Versions that were never released, and VMs that nothing needs: kept for a look, or gone. Pure."""

from __future__ import annotations

from datetime import datetime

from factory.common import names
from factory.common.versions import Version
from factory.ledger.model import Held
from factory.ledger.record import expiry
from factory.observed.model import BuildVm
from factory.plan.draft import Draft
from factory.plan.inputs import Inputs
from factory.plan.model import Action, Step, Stray, Unreleased


def leave(inputs: Inputs, held: Held, draft: Draft) -> None:
    """Plan what becomes of a version without a record that no run goes on with.

    It is in no lab, so it blocks nothing: a newer one is built beside it. With ``keepFailed`` what
    failed is kept for a look; everything else goes in this run.
    """
    version, why = str(held.version), _why(inputs, held).rstrip(".")
    until = kept_until(inputs, held)
    if until is not None and inputs.observed.now < until and held.spec is not None:
        vm = _vm_of(inputs, held)
        look = f", with its VM {vm.name}" if vm else ""
        reason = f"unreleased: {why}; kept for a look{look}, until {until:%Y-%m-%d %H:%M} UTC"
        draft.steps.append(Step(Action.WAIT, held.identity, version, reason))
        draft.unreleased.append(
            Unreleased(
                held.identity,
                held.version,
                held.spec,
                until,
                held.failure,
                source=_whole(inputs, held, "source"),
                capture=_whole(inputs, held, "capture"),
                vm=vm.name if vm else "",
            )
        )
    elif held.has("capture") or held.has("source") or until is not None:
        reason = f"unreleased: {why}; what is left of it goes"
        draft.steps.append(Step(Action.REMOVE, held.identity, version, reason))
    else:
        cause = f" ({why})" if held.failure else ""
        reason = f"this attempt came to nothing{cause}; what is left of it goes"
        draft.steps.append(Step(Action.FORGET, held.identity, version, reason))


def kept_until(inputs: Inputs, held: Held) -> datetime | None:
    """Give the moment until which a failed version is kept for a look; None if it is not at all.

    Of what the definition says today and what it said when the build began, the shorter counts: the
    VM's expiration date was set by the latter. Never beyond that date.
    """
    failed_at = _failed_at(inputs, held)
    image = inputs.images.get(inputs.present(held.identity))
    if failed_at is None or held.spec is None or image is None:
        return None
    then, now = held.spec.content.keep_failed, image.definition.keep_failed
    if then is None or now is None:
        return None
    return min(failed_at + min(then, now), expiry(held.spec))


def _failed_at(inputs: Inputs, held: Held) -> datetime | None:
    """Tell since when a version has failed; None if it did not, but was cut off or superseded."""
    if held.failure is not None:
        return datetime.fromisoformat(held.failure.at)
    vms = vms_of(inputs, held)
    failed = inputs.half_made(held) or any(vm.failed for vm in vms)
    # The run that would have noted it was cut off.
    return datetime.fromisoformat(held.spec.built) if failed and held.spec else None


def _why(inputs: Inputs, held: Held) -> str:
    if held.failure is not None:
        return held.failure.error
    if inputs.half_made(held):
        return "its capture failed in Azure"
    return "it failed" if _failed_at(inputs, held) else "it was cut off"


def _whole(inputs: Inputs, held: Held, part: str) -> bool:
    """Tell whether a part is worth keeping: what Azure never finished is not."""
    name = names.image_name(held.identity, held.version).lower()
    there = inputs.observed.captures if part == "capture" else inputs.observed.snapshots
    thing = there.get(name)
    return held.has(part) and not (thing is not None and thing.broken)


def vm_names(stack: str, held: Held) -> set[str]:
    """Give the names of all VMs that the ledger knows of a version."""
    identity, version = held.identity, held.version
    built = {names.vm_name(stack, identity, version, n) for n in held.attempts("vm")}
    verified = {
        names.verifying_vm_name(stack, identity, version, n) for n in held.attempts("verify")
    }
    return built | verified


def vms_of(inputs: Inputs, held: Held) -> list[BuildVm]:
    """List the VMs of a version that are there, by name or by tags, the last one made last.

    One that is kept for a look is in the ledger no more.
    """
    known, number = vm_names(inputs.stack, held), str(held.version)
    found = [
        vm
        for name, vm in inputs.observed.vms.items()
        if name in known or vm.made_for == (held.identity, number)
    ]
    # Those that verify (v...) come after those that build (b...).
    return sorted(found, key=lambda vm: (vm.name[0], vm.tags.get(names.ATTEMPT, ""), vm.name))


def _vm_of(inputs: Inputs, held: Held) -> BuildVm | None:
    """Give the VM that is worth a look: the one that verified, or else the one that built."""
    return next(reversed(vms_of(inputs, held)), None)


def strays(inputs: Inputs, draft: Draft) -> None:
    """Plan the end of VMs that nothing needs any more and that the engine will not delete.

    With ``keepFailed`` the engine lets go of a VM without deleting it. A VM counts as ours by its
    tags, and only if this very state gave its version the number.
    """
    at_work = {(v.identity, v.version) for v in draft.versions if v.spec is not None}
    looked_at = {left.vm for left in draft.unreleased}
    lab = inputs.settings.factory_lab.name if inputs.settings.factory_lab else ""
    for name, vm in sorted(inputs.observed.vms.items()):
        identity, number = vm.made_for
        version = _numbered(inputs, identity, number)
        if version is None or (identity, version) in at_work or vm.name in looked_at:
            continue
        held = inputs.ledger.held.get((identity, version))
        if held is not None and name in vm_names(inputs.stack, held) and not _let_go(held):
            continue
        draft.strays.append(Stray(vm.name, identity, version, vm.tags.get(names.ATTEMPT, "")))
        reason = f"its VM {vm.name} is not needed any more"
        draft.steps.append(Step(Action.REMOVE, identity, number, reason, lab))


def _let_go(held: Held) -> bool:
    """Tell whether the engine forgets this version's VMs without deleting them."""
    return held.spec is not None and held.spec.content.keep_failed is not None


def _numbered(inputs: Inputs, identity: str, number: str) -> Version | None:
    """Read the version of a VM's tag; None if this state never gave that number."""
    try:
        version = Version.parse(number)
    except ValueError:
        return None
    last = inputs.ledger.last_versions.get(identity)
    return version if last is not None and version <= last else None
