"""Versions of an image definition: made once, standing in regions, the newest of them `latest`."""

# ruff: noqa: ARG002 - behaviours share one signature, whether they need all of it or not

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from rehearsal.azure import ids
from rehearsal.azure.arm import service
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.clock import iso
from rehearsal.azure.compute.contents import Contents
from rehearsal.azure.compute.galleries import errors, recycle_bin, replication
from rehearsal.azure.compute.galleries.definitions import EXCLUSIVE, security_type
from rehearsal.azure.compute.galleries.galleries import DEFINITIONS, VERSIONS, with_tags
from rehearsal.azure.compute.galleries.sources import source_of, usable
from rehearsal.azure.errors import ArmError
from rehearsal.azure.model import Resource
from rehearsal.azure.world import REGIONS, Azure

Json = dict[str, Any]

_NUMBER = re.compile(r"(\d{1,10})\.(\d{1,10})\.(\d{1,10})", re.ASCII)
_LARGEST = 2**31 - 1


class Version(Behaviour):
    """A version. Its source is said once; regions, replicas, end of life and flags can change."""

    read_only = ("provisioningState", "replicationStatus", "validationsProfile")

    def given(self, draft: Draft) -> Json:
        """Leave out what is asked and not kept."""
        asked = super().given(draft)
        asked.pop("restore", None)
        return asked

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it of its source, in its own region first."""
        found = _NUMBER.fullmatch(draft.name)
        if found is None or max(map(int, found.groups())) > _LARGEST:
            raise errors.BAD_NUMBER.of()
        definition = service.need(azure, ids.parent_of(draft.id))
        given = self.given(draft)
        publishing = replication.profile(given.get("publishingProfile") or {}, draft.location)
        _check_end_of_life(azure, publishing)
        source = source_of(azure, draft, definition)
        gib = float(source.contents.size)
        properties = {
            **given,
            "publishingProfile": {**publishing, "publishedDate": iso(azure.now())},
            "storageProfile": _storage(given, source.contents.size, source.data),
            "safetyProfile": _safety(given),
            "validationsProfile": {"validationOperationStatus": "NotExecuted"},
        }
        return draft.resource(
            properties,
            contents=source.contents.stored(),
            declared=definition.properties["hyperVGeneration"],
            source=source.resource.uid,
            sourceKey=source.resource.key,
            replicas=replication.begin(azure, publishing, draft.location, gib),
        )

    def duration(self, azure: Azure, resource: Resource) -> float:
        """Take until it stands in all its regions."""
        return replication.left(azure, resource.hidden["replicas"])

    def finish(self, azure: Azure, resource: Resource) -> Resource:
        """Complete it; a source that went before it was published takes it along."""
        source = azure.resources.find(str(resource.hidden["sourceKey"]))
        gone = source is None or source.uid != resource.hidden["source"]
        if gone and not resource.hidden.get("published"):
            raise errors.REPLICATION_FAILED.of(
                region=resource.location, detail="the source was deleted"
            )
        if lost := replication.lost_region(resource.hidden["replicas"]):
            raise errors.REPLICATION_FAILED.of(region=lost, detail="the copy was stopped")
        return resource.knowing(published=True, revived=None)

    def revived(self, azure: Azure, draft: Draft) -> Resource | None:
        """Bring back what lies in the bin under this number, whatever a PUT says it should be."""
        bare = not draft.properties.get("storageProfile") or draft.properties.get("restore")
        if not bare and azure.switches["putOverSoftDeleted"] == "replaces":
            return None
        return recycle_bin.take_out(azure, draft.id)

    def remade(self, azure: Azure, failed: Resource) -> None:
        """Refuse: what failed to be published must be deleted first."""
        raise errors.PUBLISH_FAILED.of(version=failed.name)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change what may; a source that is left out stays."""
        if old.hidden.get("revived"):
            return with_tags(old, draft.tags)
        return with_tags(self._changed(azure, old, self.given(draft)), draft.tags)

    def patch(self, azure: Azure, old: Resource, body: Json) -> Resource:
        """Change what a PUT could change too; what a PATCH leaves out is as it was."""
        if not old.settled:
            raise self.busy(old, "OperationNotAllowed")
        given = body.get("properties") or {}
        held = old.properties["publishingProfile"]
        asked = {**held, **(given.get("publishingProfile") or {})}
        return self._changed(
            azure, super().patch(azure, old, body), {**given, "publishingProfile": asked}
        )

    def updating(self, azure: Azure, old: Resource, changed: Resource) -> float:
        """Take what a new region takes, or what any change does."""
        if changed.hidden.get("revived"):
            return azure.times.of("galleryVersion", "undelete")
        change = azure.times.of("galleryVersion", "change")
        return max(change, replication.left(azure, changed.hidden["replicas"]))

    def busy(self, old: Resource, code: str) -> ArmError:
        """Say so of what is going; the rest is as everywhere."""
        if old.state == "Deleting":
            return errors.MARKED_FOR_DELETION.of(version=old.name)
        return super().busy(old, code)

    def show(self, azure: Azure, resource: Resource, expand: str) -> Json:
        """Add the replicationStatus if it is asked for."""
        if "replicationstatus" not in expand:
            return resource.body
        return resource.setting(replicationStatus=replication.status(azure, resource)).body

    def releasing(self, azure: Azure, resource: Resource) -> None:
        """Refuse before an end of life that blocks, and of a failed one that would be kept."""
        date = resource.properties["publishingProfile"].get("endOfLifeDate")
        blocks = resource.properties["safetyProfile"].get("blockDeletionBeforeEndOfLife")
        if blocks and date and _moment(str(date)) > azure.now():
            raise errors.BEFORE_END_OF_LIFE.of(version=resource.name, date=date)
        if resource.state == "Failed" and recycle_bin.keeps(azure, resource):
            raise errors.FAILED_STAYS.of(version=resource.name)

    def removed(self, azure: Azure, resource: Resource) -> None:
        """Lay it into the bin if it was deleted softly, by itself and not with its group."""
        group = azure.resources.find(ids.group_id(resource.id))
        if resource.hidden.get("soft") and group is not None and group.state != "Deleting":
            recycle_bin.put_in(azure, resource)

    def _changed(self, azure: Azure, old: Resource, given: Json) -> Resource:
        asked = given.get("publishingProfile") or {}
        made = old.properties["publishingProfile"]
        held = {name: made[name] for name in replication.FIXED if name in made}
        publishing = replication.profile({**held, **asked}, old.location)
        if publishing.get("endOfLifeDate") != made.get("endOfLifeDate"):
            _check_end_of_life(azure, publishing)
        _check_same_source(old, given.get("storageProfile") or {})
        gib = float(Contents.of(old).size)
        replicas = replication.change(azure, old, publishing, gib)
        return old.setting(
            publishingProfile={**publishing, "publishedDate": made["publishedDate"]},
            safetyProfile={**old.properties["safetyProfile"], **(given.get("safetyProfile") or {})},
        ).knowing(replicas=replicas)


def note_deletion(azure: Azure, version_id: str, *, bypass: bool) -> None:
    """Note of a version that is about to be deleted whether it goes into the bin."""
    version = azure.resources.find(version_id)
    if version is not None:
        soft = recycle_bin.keeps(azure, version) and not bypass
        azure.resources.keep(version.knowing(soft=soft))


def latest(azure: Azure, definition: Resource, region: str) -> Resource | None:
    """Give the version that `latest` means in a region; None if there is none."""
    found = [
        version
        for version in azure.resources.listed(f"{definition.key}/versions")
        if usable(version)
        and replication.stands_in(azure, version, region)
        and not replication.excluded(version, region)
    ]
    return max(found, key=lambda version: _number(version.name), default=None)


def chosen(azure: Azure, named: str, region: str) -> tuple[Resource, Resource]:
    """Give the definition and version that a machine in a region is made of; ArmError if none.

    `named` is the id of a definition, which means its latest version, or of a version.
    """
    found = azure.resources.find(named)
    if found is not None and found.kind == DEFINITIONS:
        version = latest(azure, found, region)
        if version is None:
            raise errors.NO_LATEST.of(definition=found.id)
        return found, version
    definition = azure.resources.find(ids.parent_of(ids.key_of(named)))
    there = found is not None and found.kind == VERSIONS and usable(found)
    if not there or found is None or not replication.stands_in(azure, found, region):
        raise errors.NOT_IN_REGION.of(image=named, region=REGIONS.get(region, region))
    return service.need(azure, definition.id if definition else named), found


def only_trusted_launch(definition: Resource) -> bool:
    """Tell whether nothing but Trusted Launch or confidential machines are made of it."""
    return security_type(definition.properties) in EXCLUSIVE


def _number(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split("."))


def _storage(given: Json, size: int, data: tuple[Json, ...]) -> Json:
    asked = given.get("storageProfile") or {}
    disk = {"hostCaching": "ReadWrite", "source": {}, **(asked.get("osDiskImage") or {})}
    storage = {**asked, "osDiskImage": {"sizeInGB": size, **disk}}
    if data and not asked.get("dataDiskImages"):
        storage["dataDiskImages"] = list(data)
    return storage


def _safety(given: Json) -> Json:
    usual = {"reportedForPolicyViolation": False, "allowDeletionOfReplicatedLocations": False}
    return {**usual, **(given.get("safetyProfile") or {})}


def _check_same_source(old: Resource, asked: Json) -> None:
    held = old.properties["storageProfile"]
    for path, named, known in (
        ("source.id", _id(asked.get("source")), _id(held.get("source"))),
        (
            "osDiskImage.source.id",
            _id((asked.get("osDiskImage") or {}).get("source")),
            _id(held["osDiskImage"].get("source")),
        ),
    ):
        if named and ids.key_of(named) != ids.key_of(known):
            storage = "galleryImageVersion.properties.storageProfile"
            raise errors.NOT_CHANGEABLE.of(path=f"{storage}.{path}")


def _id(source: Json | None) -> str:
    return str((source or {}).get("id") or (source or {}).get("virtualMachineId") or "")


def _check_end_of_life(azure: Azure, publishing: Json) -> None:
    date = publishing.get("endOfLifeDate")
    if date and _moment(str(date)) <= azure.now():
        raise errors.END_OF_LIFE_PAST.of(date=date)


def _moment(date: str) -> float:
    moment = datetime.fromisoformat(date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
