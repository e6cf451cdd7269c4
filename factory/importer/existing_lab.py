"""A lab as it is: its formulas and custom images as definitions, its repositories as sources.

Azure is only read. What it does not tell (what is in a custom image, a secret) is listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from factory.azure.client import ArmClient
from factory.common import names
from factory.common.errors import FactoryError
from factory.definitions.definition import PUBLIC_SOURCE
from factory.definitions.lineage import IMAGE_PATH
from factory.importer.arm.values import lowered
from factory.importer.identities import identities
from factory.importer.lab_locations import API
from factory.importer.labs import OldLab
from factory.importer.machines import FORMULA, VM, lab_properties, object_of
from factory.importer.notes import Kind, Notes
from factory.importer.secrets import Manifests, is_secure
from factory.importer.template import LabVm
from factory.settings.stack import SourceType, normal_region

_ID = re.compile(
    r"/subscriptions/([^/]+)/resourcegroups/([^/]+)/providers/microsoft\.devtestlab/labs/([^/]+)/?",
    re.IGNORECASE,
)
# What a lab allows, or does, that people who make images of it should know.
_POLICIES = {"galleryimage", "labvmsize", "labvmcount", "labpremiumvmcount", "labtargetcost"}
Json = dict[str, Any]


@dataclass(frozen=True)
class ExistingLab:
    """A lab with what is in it, as Azure lists it."""

    lab: OldLab
    formulas: tuple[Json, ...]
    images: tuple[Json, ...]
    machines: tuple[Json, ...]
    sources: tuple[Json, ...]
    rules: tuple[Json, ...]
    """Its policies and schedules."""
    manifests: Manifests


def read_lab(client: ArmClient, identity: str) -> ExistingLab:
    """Read a lab by its ARM id. Raises :class:`FactoryError` or :class:`ArmError`."""
    found = _ID.fullmatch(identity.strip())
    if found is None:
        msg = (
            f"--from-lab {identity}: is no lab's id -> copy it from the lab's properties: "
            "/subscriptions/.../resourceGroups/.../providers/Microsoft.DevTestLab/labs/NAME"
        )
        raise FactoryError(msg)
    home = found[0].rstrip("/")
    lab = client.get(home, API)
    if lab is None:
        msg = f"--from-lab {identity}: there is no such lab, or you may not read it"
        raise FactoryError(msg)
    subscription, group, _ = found.groups()
    name = str(lab.get("name") or found[3])
    region = normal_region(str(lab.get("location", "")))
    sources = tuple(client.list(f"{home}/artifactsources", API))
    manifests = Manifests()
    for source in sources:
        for artifact in client.list(f"{home}/artifactsources/{source['name']}/artifacts", API):
            its = object_of(artifact.get("properties")).get("parameters")
            specs = its.items() if isinstance(its, Mapping) else ()
            secure = frozenset(str(key).lower() for key, spec in specs if is_secure(spec))
            manifests.add(Manifests({str(artifact.get("name", "")).lower(): secure}))
    expand = {"$expand": "properties($expand=artifacts)"}
    return ExistingLab(
        OldLab(f"lab {name}", subscription, name, group, region, ["**"]),
        tuple(client.list(f"{home}/formulas", API)),
        tuple(client.list(f"{home}/customimages", API)),
        tuple(client.list(f"{home}/virtualmachines", API, **expand)),
        sources,
        (
            *client.list(f"{home}/policysets/default/policies", API),
            *client.list(f"{home}/schedules", API),
        ),
        manifests,
    )


def lab_machines(found: ExistingLab, notes: Notes) -> dict[str, LabVm]:
    """Give what a definition can be made of, by identity: custom images of a VM, and formulas."""
    vms = {_last(each.get("id")): each for each in found.machines}
    made: dict[str, LabVm] = {}
    for image in found.images:
        if names.STACK in (image.get("tags") or {}):
            continue
        where = f"custom image {image.get('name')}"
        properties = object_of(image.get("properties"))
        source = _last(object_of(properties.get("vm")).get("sourcevmid"))
        if IMAGE_PATH in (image.get("tags") or {}):
            why = "is the original factory's: take it in with --adopt"
            notes.add(Kind.DIFFERENT, where, "", why)
        elif source in vms:
            described = (
                {"notes": properties.get("description")} if properties.get("description") else {}
            )
            its = lab_properties(VM, object_of(vms[source].get("properties")))
            made[f"{image['name']}.json"] = _machine(where, {**its, **described}, image, notes)
        else:
            why = f"{_made_of(properties, source)}: what is in it is not known; write a definition"
            notes.lost(where, "", why)
    bases = {name.removesuffix(".json").lower(): name for name in made}
    for formula in found.formulas:
        where = f"formula {formula.get('name')}"
        its = lab_properties(FORMULA, object_of(formula.get("properties")))
        if not its:
            notes.lost(where, "", "says nothing of a VM")
            continue
        name = f"{formula['name']}.json"
        name = name if name not in made else f"{formula['name']} formula.json"
        made[name] = _machine(where, its, formula, notes)
    named = identities(made, notes)
    known = {base: named[file] for base, file in bases.items()}
    return {named[file]: replace(vm, images=known) for file, vm in made.items()}


def _machine(where: str, properties: Json, shown: Json, notes: Notes) -> LabVm:
    its = {key: value for key, value in properties.items() if key != "tags"}
    tags = shown.get("tags")
    own = tags if isinstance(tags, Mapping) else {}
    return LabVm(where, its, own, notes, of_original=False)


def _made_of(properties: Mapping[str, Any], source: str) -> str:
    if source:
        return f"was made of the VM {source}, which is gone"
    return "was made of a VHD" if properties.get("vhd") else "does not say what it was made of"


def _last(identity: Any) -> str:
    return str(identity or "").rstrip("/").rsplit("/", 1)[-1].lower()


def lab_sources(found: ExistingLab, notes: Notes) -> list[Json]:
    """Give a lab's own repositories as the setting ``artifactSources``."""
    listed = []
    for each in found.sources:
        its = object_of(each.get("properties"))
        name = str(each.get("name", ""))
        if name.lower() == PUBLIC_SOURCE:
            continue
        where = f"artifact source {name}"
        kind = str(its.get("sourcetype"))
        if kind not in set(SourceType):
            notes.lost(where, "", f"is of the kind {kind}, which a factory lab cannot have")
            continue
        parts = urlsplit(str(its.get("uri", "")))
        uri = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        listed.append(
            {
                "name": name,
                "uri": uri,
                "type": kind,
                "branch": str(its.get("branchref") or "main"),
                "folder": str(its.get("folderpath") or "/Artifacts"),
            }
        )
        why = (
            "if it is private, write token: and the name of a stack secret; Azure does not tell it"
        )
        notes.add(Kind.DIFFERENT, where, "token", why)
    return listed


def tell_rules(found: ExistingLab, notes: Notes) -> None:
    """Say which policies and schedules of the lab are in force: they stay as they are."""
    for each in found.rules:
        its = lowered(each.get("properties"))
        if str(its.get("status", "")).lower() != "enabled":
            continue
        fact = str(its.get("factname") or "")
        if its.get("tasktype"):
            what, why = f"schedule {each.get('name')}", f"{its['tasktype']} stays as it is"
        elif fact.lower() in _POLICIES:
            what, why = f"policy {fact}", f"{its.get('threshold')}; stays, and is checked by plan"
        else:
            continue
        notes.add(Kind.DIFFERENT, found.lab.where, what, why)
