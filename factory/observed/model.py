"""What Azure reports, as the plan sees it: plain values, no I/O (which is the observer's)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from factory.common import names
from factory.common.ownership import Tagged
from factory.definitions.artifact_content import Contents
from factory.definitions.definition import VaultRef
from factory.observed.artifact_manifest import Shelves
from factory.observed.lab_rules import LabRules


@dataclass(frozen=True)
class ArtifactStatus:
    """How far one artifact of a VM is. ``message`` is the service's own text."""

    artifact: str
    status: str
    message: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether it ended badly (status texts are compared ignoring case, as clients do)."""
        return self.status.lower() in {"failed", "skipped"}

    @property
    def succeeded(self) -> bool:
        """Tell whether it is done."""
        return self.status.lower() == "succeeded"


@dataclass(frozen=True)
class BuildVm(Tagged):
    """A lab VM of the factory lab that carries this stack's tag."""

    name: str
    tags: Mapping[str, str]
    provisioning_state: str
    artifacts: tuple[ArtifactStatus, ...] = ()
    id: str = ""
    size: str = ""

    @property
    def made_for(self) -> tuple[str, str]:
        """The definition and version that its tags say it was made for."""
        return self.tags.get(names.DEFINITION, ""), self.tags.get(names.VERSION, "")

    @property
    def failed(self) -> bool:
        """Tell whether no build can go on with it."""
        broken = self.provisioning_state.lower() in {"failed", "corrupted", "deleting"}
        return broken or any(artifact.failed for artifact in self.artifacts)


def under_way(provisioning_state: str) -> bool:
    """Tell whether Azure is still at work on something."""
    return provisioning_state.lower() in {"creating", "updating"}


@dataclass(frozen=True)
class Thing(Tagged):
    """A custom image, snapshot or managed image in Azure; ``size_gb`` None if none is told.

    ``given_up`` is set by factory/plan/situation/hung.py: Azure is at work on it, and never ends.
    """

    id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    provisioning_state: str = "Succeeded"
    copy_percent: float | None = None
    copy_error: str = ""
    created: str = ""
    unique_id: str = ""
    size_gb: int | None = None
    given_up: bool = False

    @property
    def created_at(self) -> datetime | None:
        """When it was made, None if Azure does not say so that it can be read."""
        try:
            moment = datetime.fromisoformat(self.created)
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def broken(self) -> bool:
        """Tell whether it will never be whole."""
        failed = self.provisioning_state.lower() == "failed"
        return failed or self.given_up or bool(self.copy_error)


@dataclass(frozen=True)
class Use:
    """Something in a lab that hangs on a custom image: a ``formula``, or a ``vm`` made from it.

    ``owner`` and ``since`` (ISO text) are as Azure tells them, "" where it does not.
    """

    kind: str
    name: str
    owner: str = ""
    since: str = ""


@dataclass(frozen=True)
class ObservedLab:
    """A target lab that is there: its region, its custom images by lower-cased name, their uses.

    ``images`` is None where nobody looked, as in a forecast; then the ledger is believed.
    """

    region: str
    images: Mapping[str, Thing] | None = None
    uses: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Offers:
    """What there is to build from: an exact base by definition, the artifacts' files by source.

    ``warnings`` tell what git could not read.
    """

    base_versions: Mapping[str, str] = field(default_factory=dict)
    contents: Contents = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observed:
    """Everything asked of Azure before planning.

    ``now`` is the Date header of ARM's answers, in UTC: one clock for all machines. ``labs`` has
    None for a lab that does not exist. ``base_versions`` maps a definition to the exact version
    that its ``latest`` means now, ``contents`` what the files of its artifacts are, ``artifacts``
    what the factory lab's sources offer (None where nobody looked, or there is no lab yet),
    ``foundations`` the groups, labs and networks of this stack that are there, by their logical
    names, ``cores_free`` what the region's quota leaves, ``vault_faults`` why secrets of key vaults
    that definitions refer to cannot be had, ``unread`` why labs may not be read, ``warnings`` what
    could not be read and is no reason to stop, ``rules`` are those of an adopted factory lab.
    """

    now: datetime
    labs: Mapping[str, ObservedLab | None] = field(default_factory=dict)
    factory_region: str | None = None
    factory_lab_exists: bool = False
    vms: Mapping[str, BuildVm] = field(default_factory=dict)
    captures: Mapping[str, Thing] = field(default_factory=dict)
    snapshots: Mapping[str, Thing] = field(default_factory=dict)
    managed_images: Mapping[str, Thing] = field(default_factory=dict)
    # Whether both were asked for: what is not among them is not there.
    group_read: bool = False
    base_versions: Mapping[str, str] = field(default_factory=dict)
    foundations: Mapping[str, Thing] = field(default_factory=dict)
    cores_free: int | None = None
    contents: Contents = field(default_factory=dict)
    vault_faults: Mapping[VaultRef, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    artifacts: Shelves | None = None
    rules: LabRules | None = None

    def ours(self, stack: str) -> list[str]:
        """List the ids of everything that carries this stack's name, whatever state made it.

        Not what a state with an id made in labs of others: they may have two stacks of one name.
        """
        looked = [lab.images for lab in self.labs.values() if lab and lab.images]
        images = [
            each for found in looked for each in found.values() if names.STATE not in each.tags
        ]
        things = [*images, *self.captures.values(), *self.snapshots.values()]
        things += self.managed_images.values()
        return sorted({thing.id for thing in things if thing.tags.get(names.STACK) == stack})


def provisioning_fault(statuses: Iterable[Mapping[str, Any]]) -> str:
    """Find in a VM's instance view why it could not be provisioned: code and text; "" if unknown.

    The code is the end of a status such as ``ProvisioningState/failed/OSProvisioningTimedOut``.
    """
    for status in statuses:
        code = str(status.get("code", ""))
        if code.lower().startswith("provisioningstate/failed/"):
            text = f"{code.rsplit('/', 1)[1]}: {status.get('message') or ''}"
            return " ".join(text.split())
    return ""
