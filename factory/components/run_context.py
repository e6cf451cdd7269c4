"""What every component needs to know about the run it is part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import pulumi

from factory.azure.resources import lab_id
from factory.azure.waiter import Waiter
from factory.common.durations import spell_duration
from factory.common.ownership import Owner
from factory.components.gates import still_there_gate
from factory.components.machine.artifact_parameters import Read, no_vaults
from factory.definitions.definition import VaultRef
from factory.ledger.foundations import compute_id
from factory.settings.stack import FactoryLab, Settings, TargetLab


@dataclass(frozen=True)
class Run:
    """One run of one stack. ``secrets`` are the stack's secrets that definitions refer to.

    ``read_vault`` reads a secret of a key vault, at the moment of its use; ``given`` is what it has
    read so far. ``known`` are the logical names that the state had when the run began, ``began``
    the moment of that: no two runs' alike. ``without_id`` are those of them that were made when the
    state had no id of its own. ``lent`` are groups that others made: they are not declared.
    ``tokens`` are digests of the tokens of artifact sources, by which the next run knows others.
    """

    owner: Owner
    settings: Settings
    waiter: Waiter
    secrets: Mapping[str, pulumi.Output[str]]
    adopted: Mapping[str, str] = field(default_factory=dict)
    read_vault: Read = no_vaults
    given: dict[VaultRef, set[str]] = field(default_factory=dict, repr=False)
    remade: Mapping[str, str] = field(default_factory=dict)
    lent: frozenset[str] = frozenset()
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    known: frozenset[str] = frozenset()
    began: str = ""
    without_id: frozenset[str] = frozenset()

    @property
    def stack(self) -> str:
        """The full name under which the stack began."""
        return self.owner.stack

    @property
    def dry(self) -> bool:
        """Tell whether this is a preview, in which nothing is waited for."""
        return bool(pulumi.runtime.is_dry_run())

    @cached_property
    def still_there(self) -> pulumi.ResourceHookBinding:
        """The gate of everything that this run is planned to find and never to create."""
        return still_there_gate()

    def adoption(self, name: str, *spelled: str) -> dict[str, Any]:
        """Give the options that take a foundation in that a killed run left out of the state."""
        return adoption(self.adopted.get(name), *spelled)

    @property
    def own_tags(self) -> dict[str, str]:
        """The tags of everything that belongs to the stack itself."""
        return self.owner.tags

    def lab_id(self, lab: FactoryLab | TargetLab) -> str:
        """Give the ARM id of a lab of this stack."""
        return lab_id(self.settings.subscription_id, lab.resource_group, lab.azure_name)

    def compute_id(self, kind: str, name: str) -> str:
        """Give the ARM id of a snapshot or image in the stack's own resource group."""
        return compute_id(self.settings, kind, name)


def adoption(resource_id: str | None, *spelled: str) -> dict[str, Any]:
    """Give the options that take in, as it is, what a killed run made but did not record.

    ``spelled`` are the names in it as they are declared. DevTest Labs gives ids in lower case, and
    the provider reads the inputs out of the id: declared in its own letters by the next run, what
    was taken in would be replaced.
    """
    if not resource_id:
        return {}
    declared = {name.lower(): name for name in spelled}
    parts = (declared.get(part.lower(), part) for part in resource_id.split("/"))
    return {"import_": "/".join(parts), "ignore_changes": ["*"]}


def timeouts(limit: timedelta) -> pulumi.CustomTimeouts:
    """Give how long the engine waits for Azure to make, change or delete a thing.

    Without it the provider waits for two hours, whatever the definition says
    (https://www.pulumi.com/docs/iac/concepts/resources/options/customtimeouts/).
    """
    text = spell_duration(limit)
    return pulumi.CustomTimeouts(create=text, update=text, delete=text)


def shield(guard: pulumi.Resource | None) -> pulumi.ResourceOptions:
    """Give the options that protect a resource; ``guard`` is made before, and says so."""
    return pulumi.ResourceOptions(
        protect=guard is not None, depends_on=[guard] if guard is not None else []
    )


def unknown() -> pulumi.Output[Any]:
    """Give a value that a preview cannot know, such as the disk of a VM still at work."""
    return pulumi.Output.from_input(pulumi.UNKNOWN)
