"""What Microsoft.Compute refuses. Marked [mem] or [inf] where no quoted text was to be had."""

from __future__ import annotations

from rehearsal.azure.errors import ArmError


def source_not_found(source: str) -> ArmError:
    """404: the source of a copy. Also what a plain Copy across region and subscription is told."""
    return ArmError(404, "NotFound", f"Resource {source} is not found.")


def missing_parameter(name: str) -> ArmError:
    """400: a required property is not there [mem]."""
    message = f"Required parameter '{name}' is missing (null)."
    return ArmError(400, "InvalidParameter", message)


def invalid_parameter(name: str, value: str) -> ArmError:
    """400: a property has a value that is not one of its own [mem]."""
    message = f"The value '{value}' of parameter '{name}' is invalid."
    return ArmError(400, "InvalidParameter", message)


def other_region(kind: str, source: str) -> ArmError:
    """400: Copy stays within its region (contract 4.4, said of a blob)."""
    message = f"The source {source} does not belong to the same region as the {kind}."
    return ArmError(400, "BadRequest", message)


def incremental_elsewhere(source: str) -> ArmError:
    """400: an incremental snapshot never leaves its disk's subscription by Copy [inf]."""
    message = (
        f"An incremental snapshot must be in the same subscription as its source '{source}'."
        " Create a full snapshot in the other subscription instead."
    )
    return ArmError(400, "OperationNotAllowed", message)


def copy_start_needs_incremental(source: str) -> ArmError:
    """400: a full snapshot cannot cross regions [inf]."""
    message = (
        f"CreateOption 'CopyStart' is supported only for incremental snapshots; '{source}' or the"
        " snapshot to be created is not one. Full snapshots cannot be copied across regions."
    )
    return ArmError(400, "OperationNotAllowed", message)


def copy_start_version(version: str) -> ArmError:
    """400: CopyStart came with 2020-12-01 [inf]."""
    message = f"CreateOption 'CopyStart' is not supported in api-version '{version}'."
    return ArmError(400, "InvalidParameter", message)


def too_many_copies(location: str) -> ArmError:
    """409: at most 100 copies at once in a subscription and region [inf]."""
    message = (
        "The maximum number of 100 background copies in progress has been reached in location"
        f" '{location}'."
    )
    return ArmError(409, "OperationNotAllowed", message)


def disk_is_copied(source: str) -> ArmError:
    """409: one incremental snapshot of a disk at a time goes to a region (contract 4.2) [inf]."""
    message = (
        f"Another incremental snapshot of the same disk as '{source}' is being copied to this"
        " region. Only one can be copied at a time."
    )
    return ArmError(409, "OperationNotAllowed", message)


def snapshot_is_copied(source: str) -> ArmError:
    """409: one copy of a snapshot at a time (a switch) [inf]."""
    message = f"The snapshot '{source}' is being copied already."
    return ArmError(409, "OperationNotAllowed", message)


def disk_captured(disk: str) -> ArmError:
    """409: the disk of a machine that was captured (a switch) [inf]."""
    message = f"The disk '{disk}' belongs to a virtual machine that was captured."
    return ArmError(409, "OperationNotAllowed", message)


def incremental_image(source: str) -> ArmError:
    """400: no image of an incremental snapshot (a switch) [inf]."""
    message = f"An image cannot be created from the incremental snapshot '{source}'."
    return ArmError(400, "OperationNotAllowed", message)


def not_copied_yet(snapshot: str, percent: float) -> ArmError:
    """409: the data is not there yet [inf]."""
    message = (
        f"The snapshot '{snapshot}' cannot be used as a source: its background copy is not complete"
        f" (completionPercent {percent:g})."
    )
    return ArmError(409, "OperationNotAllowed", message)


def customer_key_travels() -> ArmError:
    """400: what a customer's key encrypts stays in its subscription and region [inf]."""
    message = (
        "A resource encrypted with customer-managed keys can be copied only within the same"
        " subscription and region as its disk encryption set."
    )
    return ArmError(400, "OperationNotAllowed", message)


def disk_kind_refused(sku: str) -> ArmError:
    """400: Premium v2 and Ultra disks cannot be snapshotted for this purpose [inf]."""
    return ArmError(400, "OperationNotAllowed", f"A disk of type '{sku}' cannot be the source.")


def disk_attached(disk: str, machine: str) -> ArmError:
    """409: a disk stays while a machine has it [mem]."""
    message = f"Disk {disk} is attached to VM {machine}."
    return ArmError(409, "OperationNotAllowed", message)


def trusted_launch_image() -> ArmError:
    """400: no managed image of a Trusted Launch machine (contract 4.2)."""
    message = (
        "Creation of managed images are not supported for virtual machine with TrustedLaunch"
        " security type."
    )
    return ArmError(400, "OperationNotAllowed", message)


def generation_differs(asked: str, found: str) -> ArmError:
    """400: an image of a VM has the VM's generation (contract 4.2)."""
    message = (
        f"The Input HyperVGeneration property: '{asked}' does not match the source Virtual"
        f" Machine's HyperVGeneration property: '{found}'."
    )
    return ArmError(400, "BadRequest", message)


def image_source_region(source: str, location: str) -> ArmError:
    """400: an image is made in the region and subscription of its source (contract 4.1)."""
    message = (
        f"Images need to be created from sources in the same Azure region and subscription:"
        f" '{source}' is not in '{location}' of this subscription."
    )
    return ArmError(400, "BadRequest", message)


def not_generalized(vm: str) -> ArmError:
    """409: an image of a VM needs it generalized [mem]."""
    message = f"The Virtual Machine '{vm}' is not generalized and cannot be captured as an image."
    return ArmError(409, "OperationNotAllowed", message)


def generalized_vm(operation: str, vm: str) -> ArmError:
    """409: a used-up machine [mem]."""
    message = f"Operation '{operation}' is not allowed on VM '{vm}' since the VM is generalized."
    return ArmError(409, "OperationNotAllowed", message)


def provisioning_timed_out(vm: str) -> ArmError:
    """What fails a VM whose image does not boot, or boots as somebody (contract 4.4)."""
    message = (
        f"OS Provisioning for VM '{vm}' did not finish in the allotted time. The VM may still"
        " finish provisioning successfully. Please check provisioning state later. Also, make sure"
        " the image has been properly prepared (generalized)."
    )
    return ArmError(409, "OSProvisioningTimedOut", message)


def cores_exceeded(quota: str, location: str, *, limit: int, used: int, more: int) -> ArmError:
    """409: the core quota of a region or family (contract 4.4)."""
    message = (
        f"Operation could not be completed as it results in exceeding approved {quota} quota."
        f" Additional details - Deployment Model: Resource Manager, Location: {location}, Current"
        f" Limit: {limit}, Current Usage: {used}, Additional Required: {more}, (Minimum) New Limit"
        f" Required: {used + more}. Submit a request for Quota increase at"
        " https://aka.ms/ProdportalCRP/#blade/Microsoft_Azure_Capacity/UsageAndQuota.ReactView."
    )
    return ArmError(409, "OperationNotAllowed", message)


def unknown_size(size: str, location: str) -> ArmError:
    """400: no such VM size [mem]."""
    message = (
        f"The value {size} provided for the VM size is not valid. The valid sizes in the current"
        f" region '{location}' can be listed with the SKUs API."
    )
    return ArmError(400, "InvalidParameter", message)


def image_not_on_sale(reference: str) -> ArmError:
    """404: no such marketplace image or version [mem]."""
    message = (
        f"The platform image '{reference}' is not available. Verify that all fields in the storage"
        " profile are correct."
    )
    return ArmError(404, "PlatformImageNotFound", message)


def marketplace_nothing() -> ArmError:
    """404: no such publisher, offer, sku or version [mem]."""
    return ArmError(404, "NotFound", "Artifact: VMImage was not found.")


def terms_not_accepted(publisher: str, product: str, plan: str) -> ArmError:
    """400: the purchase plan's terms were never accepted in this subscription [mem]."""
    message = (
        "Marketplace purchase eligibilty check returned errors. See inner errors for details."
        " Legal terms have not been accepted for this item on this subscription. To accept legal"
        " terms, please go to http://go.microsoft.com/fwlink/?LinkId=534873 and configure"
        f" programmatic deployment for '{publisher}' '{product}' '{plan}'."
    )
    return ArmError(400, "MarketplacePurchaseEligibilityFailed", message)


def plan_missing() -> ArmError:
    """400: an image that stems from a bought one, used without naming its plan [mem]."""
    message = (
        "Creating a virtual machine from Marketplace image or a custom image sourced from a"
        " Marketplace image requires Plan information in the request."
    )
    return ArmError(400, "VMMarketplaceInvalidInput", message)


def copy_died(source: str) -> dict[str, str]:
    """Give the copyCompletionError of a copy that Azure could not complete [inf]."""
    message = f"The copy of the snapshot '{source}' failed due to an internal error."
    return {"errorCode": "CopyFailed", "errorMessage": message}


def copy_source_gone(source: str) -> dict[str, str]:
    """Give the copyCompletionError of a copy whose source was deleted meanwhile."""
    message = f"The source snapshot '{source}' was deleted before the copy was complete."
    return {"errorCode": "CopySourceNotFound", "errorMessage": message}
