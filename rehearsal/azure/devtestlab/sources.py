"""Artifact sources, synced in the background, and the artifacts that a lab has from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from rehearsal.azure import ids
from rehearsal.azure.arm.types import Behaviour, Draft
from rehearsal.azure.artifacts import ArtifactDefinition
from rehearsal.azure.clock import iso
from rehearsal.azure.devtestlab import errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure, new_uid

Json = dict[str, Any]

SOURCES = "Microsoft.DevTestLab/labs/artifactSources"
_REPOSITORY = "https://github.com/Azure/azure-devtestlab.git"


class Source(Behaviour):
    """A repository of artifacts. Its token is taken and never shown again."""

    def given(self, draft: Draft) -> Json:
        """Leave the token out: nothing reads it here, so it is not even kept."""
        kept = super().given(draft)
        kept.pop("securityToken", None)
        return kept

    def create(self, azure: Azure, draft: Draft) -> Resource:
        """Make it; its artifacts appear once it is synced."""
        if not draft.properties.get("uri"):
            raise errors.MISSING.of(what="uri")
        return super().create(azure, draft).knowing(synced=None)

    def made(self, azure: Azure, resource: Resource) -> None:
        """Begin to sync."""
        _sync(azure, resource)

    def update(self, azure: Azure, old: Resource, draft: Draft) -> Resource:
        """Change it; another place means another sync."""
        changed = super().update(azure, old, draft).setting(provisioningState="Succeeded")
        places = ("uri", "folderPath", "branchRef")
        if any(changed.properties.get(name) != old.properties.get(name) for name in places):
            changed = changed.knowing(synced=None)
            _sync(azure, changed)
        return changed


def new_lab_sources(azure: Azure, lab: Resource) -> None:
    """Make the two sources every new lab has, as recorded (contract 2)."""
    artifacts = {
        "displayName": "Public Artifact Repo",
        "folderPath": "/Artifacts",
        "status": "Enabled",
    }
    environments = {
        "displayName": "Public Environment Repo",
        "armTemplateFolderPath": "/Environments",
        "status": "Disabled",
    }
    for name, properties in (("Public Repo", artifacts), ("Public Environment Repo", environments)):
        uid = new_uid()
        path = f"{lab.id}/artifactsources/{name.lower()}"
        common: Json = {
            "uri": _REPOSITORY,
            "sourceType": "GitHub",
            "branchRef": "master",
            "createdDate": iso(azure.now()),
            "provisioningState": "Succeeded",
            "uniqueIdentifier": uid,
        }
        body: Json = {
            "id": path,
            "name": name,
            "type": SOURCES,
            "location": lab.location,
            "properties": {**common, **properties},
        }
        source = Resource(ids.key_of(path), SOURCES, body, {"uid": uid, "synced": None})
        azure.resources.keep(source)
        _sync(azure, source)


def artifacts_in(azure: Azure, source: Resource) -> list[ArtifactDefinition]:
    """Give the artifacts of a source, none before its first sync."""
    return [] if azure.faults.lost(source.key, asked=False) else _held(azure, source)


def _held(azure: Azure, source: Resource) -> list[ArtifactDefinition]:
    synced = source.hidden.get("synced") and source.properties.get("folderPath")
    return azure.artifacts_of(str(source.properties["uri"])).listed() if synced else []


def artifact_body(source: Resource, artifact: ArtifactDefinition) -> Json:
    """Write an artifact as the lab lists it."""
    properties: Json = {
        "title": artifact.title,
        "description": artifact.text.get("description", ""),
        "publisher": artifact.text.get("publisher", ""),
        "filePath": f"{source.properties['folderPath']}/{artifact.name}/Artifactfile.json",
        "icon": artifact.text.get("iconUri", ""),
        "targetOsType": artifact.os,
        "parameters": artifact.parameters,
        "createdDate": source.hidden["synced"],
    }
    return {
        "id": f"{source.id}/artifacts/{artifact.name.lower()}",
        "name": artifact.name,
        "type": f"{SOURCES}/artifacts",
        "location": source.location,
        "properties": properties,
    }


def find_artifact(
    azure: Azure, lab: Resource, reference: str, *, fetched: bool = False
) -> tuple[Resource, ArtifactDefinition]:
    """Find an artifact by its id, whole or short (`/artifactsources/x/artifacts/y`).

    ArmError if it is not there, its source is switched off, or it belongs to another lab. What
    was `fetched` already is found though its repository may be lost meanwhile.
    """
    path = ids.key_of(unquote(reference))
    if path.startswith("/artifactsources/"):
        path = lab.key + path
    source_path, _, name = path.rpartition("/artifacts/")
    source = azure.resources.find(source_path) if source_path.startswith(lab.key + "/") else None
    if source is None or source.kind != SOURCES:
        raise errors.ARTIFACT_NOT_FOUND.of(reference=reference)
    if source.properties.get("status", "Enabled") == "Disabled":
        raise errors.REPOSITORY_DISABLED.of()
    if not fetched and azure.faults.lost(source.key, asked=True):
        raise errors.REPOSITORY_DISABLED.of()
    for artifact in _held(azure, source):
        if artifact.name.lower() == name:
            return source, artifact
    raise errors.ARTIFACT_NOT_FOUND.of(reference=reference)


def sync_all(azure: Azure) -> None:
    """Sync every source that was synced before, now: its repository has moved on."""
    for subscription in azure.directory.subscriptions:
        for source in azure.resources.of_kind(subscription, SOURCES):
            if source.hidden.get("synced"):
                azure.resources.keep(source.knowing(synced=iso(azure.now())))


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for sources."""

    def synced(key: str, uid: str) -> None:
        source = azure.resources.find(key)
        if source is not None and source.uid == uid:
            azure.resources.keep(source.knowing(synced=iso(azure.now())))

    return {"lab.synced": synced}


def _sync(azure: Azure, source: Resource) -> None:
    azure.agenda.after(
        azure.times.of("artifactSource", "sync"), "lab.synced", key=source.key, uid=source.uid
    )
