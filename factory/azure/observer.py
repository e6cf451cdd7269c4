"""Asks Azure what the plan needs to know: all reads, none of them twice, many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, ValuesView
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from factory.azure.artifact_observer import observe_contents
from factory.azure.key_vault import Vaults
from factory.azure.preflight_reads import manifest, rules
from factory.azure.resources import Arm, lab_id
from factory.common.azure_error import ArmError
from factory.common.ownership import Owner
from factory.definitions.definition import Base, VaultRef
from factory.definitions.loader import Image
from factory.definitions.lock_file import Lock, locked_base
from factory.ledger.foundations import compute_id, foundation_ids
from factory.observed.artifact_manifest import Manifest, Shelves
from factory.observed.lab_rules import LabRules
from factory.observed.model import BuildVm, Observed, ObservedLab, Offers, Thing
from factory.settings.stack import FactoryLab, Settings, TargetLab, normal_region

# Reads at once: ARM's bucket of 250 reads refills at 25 a second, so more would only be throttled.
AT_ONCE = 16
_FORBIDDEN = 403
_T = TypeVar("_T")


def observe(
    arm: Arm,
    settings: Settings,
    owner: Owner,
    images: Mapping[str, Image],
    lock: Lock | None = None,
    *,
    vaults: Vaults | None = None,
) -> Observed:
    """Read everything of Azure that planning needs.

    Raises :class:`ArmError` if anything cannot be read: a plan made from half a
    view could delete what it did not see. A lab that this identity may not read is told as such.
    """
    subscription = settings.subscription_id
    arm = arm.one_view()

    def look(lab: TargetLab) -> tuple[ObservedLab | None, str]:
        # Of one that may not be read the settings are believed.
        path = lab_id(subscription, lab.resource_group, lab.azure_name)
        return _allowed(lambda: _lab(arm, path), ObservedLab(lab.region))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        labs = pool.map(look, settings.labs)
        snapshots = pool.submit(arm.things, compute_id(settings, "snapshots"))
        managed = pool.submit(arm.things, compute_id(settings, "images"))
        own = settings.factory_lab
        ids = foundation_ids(settings)
        there = pool.map(arm.thing, ids.values())
        factory = pool.submit(_factory_lab, arm, subscription, own, owner)
        kept = pool.submit(_rules, arm, subscription, own)
        offered = pool.submit(observe_offers, arm, settings, images, lock) if own else None
        faults = _vault_faults(pool, vaults, images.values()) if own and vaults else {}
        cores = pool.submit(arm.cores_free, subscription, settings.region) if own else None
        region, build_vms, captures = factory.result()
        offers = offered.result() if offered else Offers()
        shelves = _shelves(pool, arm, settings, images.values()) if region is not None else None
        seen = dict(zip((lab.name for lab in settings.labs), labs, strict=True))
        unread = {name: reason for name, (_, reason) in seen.items() if reason}
        return Observed(
            labs={name: lab for name, (lab, _) in seen.items()},
            factory_region=region,
            factory_lab_exists=region is not None,
            vms=build_vms,
            captures=captures,
            snapshots=snapshots.result(),
            managed_images=managed.result(),
            group_read=True,
            base_versions=offers.base_versions,
            cores_free=cores.result() if cores else None,
            vault_faults=faults,
            unread=unread,
            artifacts=shelves,
            rules=kept.result(),
            foundations={
                name: thing for name, thing in zip(ids, there, strict=True) if thing is not None
            },
            contents=offers.contents,
            warnings=offers.warnings,
            now=arm.client.now,  # last: by the clock of the end of the view
        )


def _allowed(read: Callable[[], _T], otherwise: _T) -> tuple[_T, str]:
    """Read what belongs to others; if this identity may not, gives ``otherwise`` and why."""
    try:
        return read(), ""
    except ArmError as error:
        if error.status != _FORBIDDEN:
            raise
        return otherwise, error.reason


def _lab(arm: Arm, resource_id: str) -> ObservedLab | None:
    found = arm.lab(resource_id)
    if found is None:
        return None
    images = arm.things(f"{resource_id}/customimages")
    return ObservedLab(normal_region(str(found.get("location", ""))), images, arm.uses(resource_id))


def observe_elsewhere(
    arm: Arm, settings: Settings
) -> tuple[dict[str, ObservedLab], dict[str, str]]:
    """Read the custom images of the subscription's labs that the settings do not name.

    Gives them, and why others may not be read: they are no business of this stack's by rights. A
    lab whose name is one of the settings', in another group, is told with its group.
    Raises :class:`ArmError` if Azure cannot be read.
    """
    subscription = settings.subscription_id
    own: list[TargetLab | FactoryLab] = list(settings.labs)
    own += [settings.factory_lab] if settings.factory_lab else []
    named = {lab_id(subscription, lab.resource_group, lab.azure_name).lower() for lab in own}
    taken = {lab.name.lower() for lab in own}
    others = [each for each in arm.labs(subscription) if each.lower() not in named]

    def look(lab: str) -> tuple[dict[str, Thing], str]:
        return _allowed(lambda: arm.things(f"{lab}/customimages"), {})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        shelves = pool.map(look, others)
        found: dict[str, ObservedLab] = {}
        unread: dict[str, str] = {}
        for lab, (images, reason) in zip(others, shelves, strict=True):
            group, name = lab.split("/")[4], lab.rpartition("/")[2]
            unique = name.lower() not in taken and name not in {**found, **unread}
            called = name if unique else f"{group}/{name}"
            if reason:
                unread[called] = reason
            else:
                found[called] = ObservedLab("", images)
        return found, unread


def _factory_lab(
    arm: Arm, subscription: str, lab: FactoryLab | None, owner: Owner
) -> tuple[str | None, dict[str, BuildVm], dict[str, Thing]]:
    if lab is None:
        return None, {}, {}
    resource_id = lab_id(subscription, lab.resource_group, lab.name)
    found = arm.lab(resource_id)
    if found is None:
        return None, {}, {}
    ours = {vm.name.lower(): vm for vm in arm.build_vms(resource_id) if vm.may_be(owner)}
    captures = arm.things(f"{resource_id}/customimages")
    return normal_region(str(found.get("location", ""))), ours, captures


def _rules(arm: Arm, subscription: str, own: FactoryLab | None) -> LabRules | None:
    """Read the rules of a lab that others keep; who made it himself keeps its rules too."""
    if own is None or own.create:
        return None
    return rules(arm.client, own, lab_id(subscription, own.resource_group, own.name))


def observe_offers(
    arm: Arm, settings: Settings, images: Mapping[str, Image], lock: Lock | None = None
) -> Offers:
    """Ask what marketplace and artifact sources have now; of a locked base, whether it is there.

    Raises :class:`ArmError` if Azure cannot be read.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        looks = pool.submit(observe_contents, arm, settings, images.values())
        bases = _bases(pool, arm, settings, images.values(), lock)
        return Offers(bases, *looks.result())


def _shelves(
    pool: ThreadPoolExecutor, arm: Arm, settings: Settings, images: ValuesView[Image]
) -> Shelves | None:
    """Read each artifact source that a definition names, once."""
    own = settings.factory_lab
    if own is None:
        return None
    lab = lab_id(settings.subscription_id, own.resource_group, own.name)
    sources = sorted(
        {
            applied.artifact.source.lower()
            for image in images
            for applied in image.definition.every_artifact
        }
    )
    there = arm.artifact_sources(lab)
    known = [name for name in sources if name in there]
    listed = pool.map(lambda name: arm.artifacts(lab, name), known)
    shelves: dict[str, dict[str, Manifest] | None] = dict.fromkeys(sources)
    for name, found in zip(known, listed, strict=True):
        shelves[name] = {key: manifest(key, properties) for key, properties in found.items()}
    return shelves


def _bases(
    pool: ThreadPoolExecutor,
    arm: Arm,
    settings: Settings,
    images: ValuesView[Image],
    lock: Lock | None,
) -> dict[str, str]:
    """Resolve every base once, however many definitions build on it."""

    def ask(base: Base) -> str | None:
        return arm.exact_version(settings.subscription_id, settings.region, base)

    bases = {
        image.identity: base for image in images if (base := locked_base(lock, image)) is not None
    }
    wanted = {_key(base): base for base in bases.values()}
    exact = dict(zip(wanted, pool.map(ask, wanted.values()), strict=True))
    found = {identity: exact[_key(base)] for identity, base in bases.items()}
    return {identity: version for identity, version in found.items() if version}


def _vault_faults(
    pool: ThreadPoolExecutor, vaults: Vaults, images: ValuesView[Image]
) -> dict[VaultRef, str]:
    """Ask for every secret once, without reading its value."""
    wanted = list(dict.fromkeys(ref for image in images for ref in image.definition.vault_refs))
    faults = zip(wanted, pool.map(vaults.fault, wanted), strict=True)
    return {ref: fault for ref, fault in faults if fault}


def _key(base: Base) -> tuple[str, str]:
    return base.urn, base.version
