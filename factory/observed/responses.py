"""What ARM answered, as plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from factory.common.errors import printable
from factory.definitions.definition import Os
from factory.observed.model import ArtifactStatus, BuildVm, Thing, Use

# Of what a script said the end is what it failed for.
_SHOWN = 600
_WRAPPED = re.compile(
    r"^(?:\w+: )?VM has reported a failure when processing extension '[^']*'\. "
    r"Error message: \"?"
)
_SCRIPTS = (
    # Windows, as DevTest Labs runs artifacts, and its agent for Linux.
    re.compile(
        r"returned a non-zero exit code of: '(?P<code>-?\d+)'"
        r"(?:\. The command had an error output of: '(?P<error>.*))?"
    ),
    re.compile(
        r"command terminated with exit status=(?P<code>-?\d+)"
        r"(?: \[stdout\](?P<output>.*?))?(?: ?\[stderr\](?P<error>.*))?$"
    ),
)


def uses_of(
    vms: Iterable[Mapping[str, Any]], formulas: Iterable[Mapping[str, Any]]
) -> dict[str, tuple[Use, ...]]:
    """Tell which custom images (lower-cased names) a lab's VMs and formulas are made from.

    What people called a thing, and themselves, is text of others: it is given printable.
    """
    found: dict[str, list[Use]] = {}

    def note(kind: str, item: Mapping[str, Any], made_from: Any, owner: Any, since: Any) -> None:
        if image := (made_from or {}).get("customImageId"):
            told = (printable(str(each or "")) for each in (item["name"], owner, since))
            name = printable(str(image).lower().rsplit("/", 1)[-1])
            found.setdefault(name, []).append(Use(kind, *told))

    for item in vms:
        vm = item.get("properties", {})
        note("vm", item, vm, _owner(vm), vm.get("createdDate"))
    for item in formulas:
        formula = item.get("properties", {})
        made_from = (formula.get("formulaContent") or {}).get("properties")
        note("formula", item, made_from, formula.get("author"), formula.get("creationDate"))
    return {name: tuple(uses) for name, uses in found.items()}


def _owner(vm: Mapping[str, Any]) -> str:
    """Name a lab VM's owner, by an object's id if no name is told; a VM to be claimed has none."""
    owner = str(vm.get("ownerObjectId") or "")
    creator = vm.get("createdByUser") if owner == vm.get("createdByUserId") else ""
    return str(vm.get("ownerUserPrincipalName") or creator or owner)


def build_vm_of(found: Mapping[str, Any]) -> BuildVm:
    """Read a lab VM."""
    properties = found.get("properties", {})
    return BuildVm(
        name=str(found["name"]),
        tags=dict(found.get("tags") or {}),
        provisioning_state=str(properties.get("provisioningState", "")),
        artifacts=tuple(_status(item) for item in properties.get("artifacts") or []),
        id=str(found.get("id", "")),
        size=str(properties.get("size") or ""),
    )


def _status(item: Mapping[str, Any]) -> ArtifactStatus:
    message = failure_text(str(item.get("deploymentStatusMessage") or ""))
    return ArtifactStatus(str(item.get("artifactId", "")), str(item.get("status", "")), message)


def mandatory_artifacts(lab: Mapping[str, Any], os: Os) -> tuple[str, ...]:
    """Give the ids of what a lab applies to every VM of a system by itself, in order."""
    name = f"mandatoryArtifactsResourceIds{os.value.capitalize()}"
    return tuple(str(each) for each in lab.get("properties", {}).get(name) or ())


def failure_text(message: str) -> str:
    """Take the innermost code and text out of a deployment status, which is JSON in a string.

    It may also be plain text (azure-devtestlab#511); then that is given, on one line. Nothing is
    cut: it may show a secret, of which no part is to be left when it is masked.
    """
    try:
        error = json.loads(message)["error"]
        while error.get("details"):
            error = error["details"][0]
        text = f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        text = message
    return " ".join(text.split())


def shown_failure(text: str) -> str:
    """Give a failure as people read it: of a script its exit code and what it said, no wrapping.

    ``text`` is one of :func:`failure_text`, masked. What no form of script extensions has is given
    as it is. https://learn.microsoft.com/azure/virtual-machines/extensions/custom-script-linux
    """
    inner = _WRAPPED.sub("", text).rstrip('". ')
    for form in _SCRIPTS:
        if found := form.search(inner):
            streams = found.groupdict()
            said = (streams["error"] or streams.get("output") or "").strip(" '")
            shown = said if len(said) <= _SHOWN else f"... {said[-_SHOWN:]}"
            return f"exit code {found['code']}" + (f": {shown}" if shown else "")
    return text


def thing_of(found: Mapping[str, Any]) -> Thing:
    """Read a snapshot, a managed image or something of a lab."""
    properties = found.get("properties", {})
    percent = properties.get("completionPercent")
    error = properties.get("copyCompletionError") or {}
    profile = (properties.get("storageProfile") or {}).get("osDisk") or {}
    size = properties.get("diskSizeGB") or profile.get("diskSizeGB")
    return Thing(
        id=str(found["id"]),
        tags=dict(found.get("tags") or {}),
        provisioning_state=str(properties.get("provisioningState", "Succeeded")),
        copy_percent=None if percent is None else float(percent),
        copy_error=": ".join(
            str(error[key]) for key in ("errorCode", "errorMessage") if key in error
        ),
        created=str(properties.get("creationDate") or ""),
        unique_id=str(properties.get("uniqueId") or ""),
        size_gb=int(size) if size else None,
    )
