"""Versions that were never released, and VMs that nothing needs: kept for a look, or gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from factory.common import names
from factory.common.versions import Version
from factory.ledger.model import Held
from factory.ledger.record import expiry
from factory.plan.model import UnmanagedVm
from factory.plan.situation.image_situation import ImageSituation
from factory.plan.situation.situation import Situation
from factory.plan.situation.version_situation import VersionSituation, vm_names
from factory.plan.verdicts.verdict import Fate, VersionVerdict

_Key = tuple[str, Version]


def judge_leftovers(situation: Situation, running: Collection[_Key]) -> Iterator[VersionVerdict]:
    """Judge what leaves the state: released build VMs, and what was never released.

    ``running`` are the versions that are built by this run.
    """
    every = [(each, image) for image in situation.images.values() for each in image.versions]
    for each, image in sorted(every, key=lambda pair: (pair[0].identity, pair[0].version)):
        if each.record and each.held.has("spec"):
            reason = "its build VM was released when the image was"
            yield VersionVerdict(each, Fate.FORGET, reason)
        elif each.record and each.held.worked_on:
            yield VersionVerdict(each, Fate.FORGET, "the note of the last run's work on it")
        elif not each.record and (each.identity, each.version) not in running:
            yield _unreleased(situation, image, each)


def _unreleased(
    situation: Situation, image: ImageSituation, version: VersionSituation
) -> VersionVerdict:
    """Decide what becomes of a version without a record that no run goes on with.

    It is in no lab, so it blocks nothing: a newer one is built beside it. With ``keepFailed`` what
    failed is kept for a look; everything else goes in this run.
    """
    held, why = version.held, _why(version).rstrip(".")
    until = _kept_until(image, version)
    if until is not None and situation.now < until and held.spec is not None:
        vm = version.vms[-1] if version.vms else None
        look = f", with its VM {vm.name}" if vm else ""
        reason = f"unreleased: {why}; kept for a look{look}, until {until:%Y-%m-%d %H:%M} UTC"
        return VersionVerdict(version, Fate.LOOK, reason, until=until)
    if held.has("capture") or held.has("source") or until is not None:
        reason = f"unreleased: {why}; what is left of it goes"
        return VersionVerdict(version, Fate.REMOVE, reason)
    cause = f" ({why})" if held.failure else ""
    reason = f"this attempt came to nothing{cause}; what is left of it goes"
    return VersionVerdict(version, Fate.FORGET, reason)


def _kept_until(image: ImageSituation, version: VersionSituation) -> datetime | None:
    """Give the moment until which a failed version is kept for a look; None if it is not at all.

    Of what the definition says today and what it said when the build began, the shorter counts: the
    VM's expiration date was set by the latter. Never beyond that date.
    """
    failed_at, spec = _failed_at(version), version.held.spec
    if failed_at is None or spec is None or image.image is None:
        return None
    then, now = spec.content.keep_failed, image.image.definition.keep_failed
    if then is None or now is None:
        return None
    return min(failed_at + min(then, now), expiry(spec))


def _failed_at(version: VersionSituation) -> datetime | None:
    """Tell since when a version has failed; None if it did not, but was cut off or superseded."""
    held = version.held
    if held.failure is not None:
        return datetime.fromisoformat(held.failure.at)
    failed = version.half_made or any(vm.failed for vm in version.vms)
    # The run that would have noted it was cut off.
    return datetime.fromisoformat(held.spec.built) if failed and held.spec else None


def _why(version: VersionSituation) -> str:
    if version.held.failure is not None:
        return version.held.failure.error
    if version.half_made:
        return "its capture failed in Azure"
    return "it failed" if _failed_at(version) else "it was cut off"


def judge_vms(
    situation: Situation, running: Collection[_Key], leftovers: Sequence[VersionVerdict]
) -> Iterator[UnmanagedVm]:
    """Name the VMs that nothing needs any more and that the engine will not delete.

    With ``keepFailed`` the engine lets go of a VM without deleting it. A VM counts as ours by its
    tags, and only if this very state gave its version the number.
    """
    looked_at = {
        each.version.vms[-1].name
        for each in leftovers
        if each.fate is Fate.LOOK and each.version.vms
    }
    held = {
        (each.identity, each.version): each.held
        for image in situation.images.values()
        for each in image.versions
    }
    for name, vm in sorted(situation.vms.items()):
        identity, number = vm.made_for
        version = _numbered(situation, identity, number)
        if version is None or (identity, version) in running or vm.name in looked_at:
            continue
        known = held.get((identity, version))
        if known is None or name not in vm_names(situation.stack, known) or _let_go(known):
            yield UnmanagedVm(
                vm.name,
                identity,
                version,
                vm.tags.get(names.ATTEMPT, ""),
                vm.tags.get(names.BUILT, ""),
            )


def _let_go(held: Held) -> bool:
    """Tell whether the engine forgets this version's VMs without deleting them."""
    return held.spec is not None and held.spec.content.keep_failed is not None


def _numbered(situation: Situation, identity: str, number: str) -> Version | None:
    """Read the version of a VM's tag; None if this state never gave that number."""
    try:
        version = Version.parse(number)
    except ValueError:
        return None
    last = situation.given.get(identity)
    return version if last is not None and version <= last else None
