"""The calls to Azure that azure-native has no resource for: reading, applying artifacts, clearing.

Nothing else in the factory talks to ARM. Ids are compared ignoring case: DevTest Labs answers in
lower case whatever was written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.azure.api_versions import COMPUTE_API, DISK_API, LAB_API, LAB_PREVIEW_API, api_of
from factory.azure.artifact_sources import Repository
from factory.azure.client import ArmClient, ArmError
from factory.common.versions import base_order
from factory.definitions.definition import Artifact, Base
from factory.observed.model import BuildVm, Thing, Use, provisioning_fault
from factory.observed.responses import build_vm_of, failure_text, thing_of, uses_of


def lab_id(subscription: str, group: str, lab: str) -> str:
    """Give the ARM id of a lab."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.DevTestLab/labs/{lab}"
    )


@dataclass(frozen=True)
class Disk:
    """What must travel with the bytes of an OS disk."""

    id: str
    generation: str
    security_type: str
    encryption: str
    size_gb: int
    plan: Mapping[str, str]


class Arm:
    """The factory's view of one subscription in Azure."""

    def __init__(self, client: ArmClient) -> None:
        self.client = client

    def one_view(self) -> Arm:
        """Give the same for one look at Azure, in which nothing is read twice."""
        return Arm(self.client.one_view())

    def lab(self, resource_id: str) -> dict[str, Any] | None:
        """Read a lab; None if there is none."""
        return self.client.get(resource_id, LAB_API)

    def gather_vms(self, lab: str, group: str) -> bool:
        """Have a lab make its VMs in one group from now on; tells whether it had to be asked.

        The preview API alone knows of it, and a PUT of all that it tells is the documented way:
        https://learn.microsoft.com/azure/devtest-labs/resource-group-control
        """
        found = self.client.get(lab, LAB_PREVIEW_API) or {}
        properties = found.get("properties", {})
        if str(properties.get("vmCreationResourceGroupId") or "").lower() == group.lower():
            return False
        properties["vmCreationResourceGroupId"] = group
        body = {name: found.get(name) for name in ("location", "tags", "properties")}
        self.client.put(lab, LAB_PREVIEW_API, body)
        return True

    def labs(self, subscription: str) -> list[str]:
        """List the ids of the subscription's labs, as far as this identity may see them."""
        path = f"/subscriptions/{subscription}/providers/Microsoft.DevTestLab/labs"
        return [str(item["id"]) for item in self.client.list(path, LAB_API)]

    def build_vm(self, resource_id: str) -> BuildVm | None:
        """Read a lab VM with its artifacts' states (a plain GET has none of them)."""
        found = self.client.get(resource_id, LAB_API, **{"$expand": _EXPAND})
        return build_vm_of(found) if found else None

    def build_vms(self, lab: str) -> list[BuildVm]:
        """List a lab's VMs with their artifacts' states."""
        items = self.client.list(f"{lab}/virtualmachines", LAB_API, **{"$expand": _EXPAND})
        return [build_vm_of(item) for item in items]

    def apply_artifact(
        self, vm: str, lab: str, artifact: Artifact, values: Mapping[str, str]
    ) -> None:
        """Ask for one artifact on a VM; returns when the lab has accepted it."""
        body = {
            "artifacts": [
                {
                    "artifactId": artifact_id(lab, artifact),
                    "parameters": [{"name": key, "value": text} for key, text in values.items()],
                }
            ]
        }
        self.client.post(f"{vm}/applyArtifacts", LAB_API, body)

    def order_vm(self, vm: str, body: Mapping[str, Any]) -> str:
        """Order a lab VM; gives the address of the operation that makes it, "" if none is named."""
        return self.client.put(vm, LAB_API, body)

    def order_state(self, operation: str) -> tuple[str, str]:
        """Tell how an order is, by ARM's word ("" if it forgot), and what went wrong with it."""
        found = self.client.operation(operation) if operation else {}
        said = failure_text(json.dumps(found)) if found.get("error") else ""
        return str(found.get("status") or "").lower(), said

    def stop_vm(self, vm: str) -> None:
        """Ask a lab to stop a VM; a stopped lab VM is deallocated."""
        self.client.post(f"{vm}/stop", LAB_API)

    def power_state(self, vm: str) -> str:
        """Give the power state of the VM behind a lab VM (``deallocated`` ...), "" if unknown."""
        codes = [str(status.get("code", "")) for status in self._statuses(vm)]
        found = [code.split("/", 1)[1] for code in codes if code.lower().startswith("powerstate/")]
        return found[0].lower() if found else ""

    def vm_fault(self, vm: str) -> str:
        """Say why Azure could not provision the VM behind a lab VM; "" if it does not tell."""
        return provisioning_fault(self._statuses(vm))

    def _statuses(self, vm: str) -> list[dict[str, Any]]:
        compute = self._compute_vm(vm, **{"$expand": "instanceView"})
        view = (compute or {}).get("properties", {}).get("instanceView", {})
        return list(view.get("statuses", []))

    def os_disk(self, vm: str) -> Disk | None:
        """Read the OS disk behind a lab VM, None if it is not a managed disk any more."""
        compute = self._compute_vm(vm)
        profile = (compute or {}).get("properties", {}).get("storageProfile", {})
        disk_id = profile.get("osDisk", {}).get("managedDisk", {}).get("id")
        found = self.client.get(disk_id, DISK_API) if disk_id else None
        if found is None:
            return None
        properties = found["properties"]
        plan = properties.get("purchasePlan") or {}
        return Disk(
            id=str(found["id"]),
            generation=str(properties.get("hyperVGeneration") or "V1"),
            security_type=str((properties.get("securityProfile") or {}).get("securityType") or ""),
            encryption=str((properties.get("encryption") or {}).get("type") or ""),
            size_gb=int(properties.get("diskSizeGB") or 0),
            plan={str(key): str(plan[key]) for key in sorted(plan) if plan[key]},
        )

    def _compute_vm(self, vm: str, **query: str) -> dict[str, Any] | None:
        found = self.client.get(vm, LAB_API)
        compute_id = (found or {}).get("properties", {}).get("computeId")
        return self.client.get(str(compute_id), COMPUTE_API, **query) if compute_id else None

    def thing(self, resource_id: str) -> Thing | None:
        """Read a snapshot, image, custom image or VM by its id; None if there is none."""
        found = self.client.get(resource_id, api_of(resource_id))
        return thing_of(found) if found else None

    def things(self, collection: str) -> dict[str, Thing]:
        """List a collection (``.../customimages``, ``.../snapshots``) by lower-cased name."""
        items = self.client.list(collection, api_of(collection + "/"))
        return {str(item["name"]).lower(): thing_of(item) for item in items}

    def items(self, collection: str) -> list[dict[str, Any]]:
        """List a collection as ARM tells it, [] if what it is in does not exist."""
        return list(self.client.list(collection, api_of(collection + "/")))

    def make_user(self, user_id: str) -> None:
        """Ask a lab to know a user, as it does by itself for whoever opens it in the portal."""
        self.client.put(user_id, LAB_API, {"properties": {}})

    def delete(self, resource_id: str) -> None:
        """Ask for a deletion; returns when it is accepted."""
        self.client.delete(resource_id, api_of(resource_id))

    def uses(self, lab: str) -> dict[str, tuple[Use, ...]]:
        """Tell which custom images (lower-cased names) a lab's VMs and formulas are made from."""
        return uses_of(
            self.client.list(f"{lab}/virtualmachines", LAB_API),
            self.client.list(f"{lab}/formulas", LAB_API),
        )

    def cores_free(self, subscription: str, region: str) -> int | None:
        """Give the cores that the subscription's quota leaves in a region; None if not told."""
        path = (
            f"/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{region}/usages"
        )
        for item in self.client.list(path, COMPUTE_API):
            if str(item.get("name", {}).get("value", "")).lower() == "cores":
                return int(item["limit"]) - int(item["currentValue"])
        return None

    def artifact_sources(self, lab: str) -> dict[str, Repository]:
        """List a lab's artifact repositories by lower-cased name; {} if there is no lab."""
        found = {}
        for item in self.client.list(f"{lab}/artifactsources", LAB_API):
            properties = item.get("properties", {})
            place = [str(properties.get(key) or "") for key in ("uri", "branchRef", "folderPath")]
            if place[2]:  # a source of environments alone has no folder of artifacts
                found[str(item["name"]).lower()] = Repository(*place)
        return found

    def artifacts(self, lab: str, source: str) -> dict[str, dict[str, Any]]:
        """List what a lab knows of a source's artifacts, by lower-cased name."""
        items = self.client.list(f"{lab}/artifactsources/{source}/artifacts", LAB_API)
        return {str(item["name"]).lower(): dict(item.get("properties", {})) for item in items}

    def exact_version(self, subscription: str, region: str, base: Base) -> str | None:
        """Give the exact version a base means now, None if the marketplace has none there."""
        path = (
            f"/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{region}"
            f"/publishers/{base.publisher}/artifacttypes/vmimage/offers/{base.offer}"
            f"/skus/{base.sku}/versions"
        )
        names = [str(item["name"]) for item in self.client.list(path, COMPUTE_API)]
        if base.version != "latest":
            return base.version if base.version in names else None
        return max(names, key=base_order, default=None)


_EXPAND = "properties($expand=artifacts)"


def artifact_id(lab: str, artifact: Artifact) -> str:
    """Give the id of an artifact in a lab; a space in a source's name stays as it is."""
    return f"{lab}/artifactsources/{artifact.source}/artifacts/{artifact.name}"


__all__ = ["Arm", "ArmError", "Disk", "artifact_id", "failure_text", "lab_id"]
