"""What Microsoft.Compute refuses. Marked [mem] or [inf] where no quoted text was to be had."""

from __future__ import annotations

from rehearsal.azure.errors import Refusal

# The source of a copy. Also what a plain Copy across region and subscription is told.
SOURCE_NOT_FOUND = Refusal(404, "NotFound", "Resource {source} is not found.", "quoted")

# A required property is not there.
MISSING_PARAMETER = Refusal(
    400,
    "InvalidParameter",
    "Required parameter '{name}' is missing (null).",
    "mem",
)

# A property has a value that is not one of its own.
INVALID_PARAMETER = Refusal(
    400,
    "InvalidParameter",
    "The value '{value}' of parameter '{name}' is invalid.",
    "mem",
)

# Copy stays within its region (contract 4.4, said of a blob).
OTHER_REGION = Refusal(
    400,
    "BadRequest",
    "The source {source} does not belong to the same region as the {kind}.",
    "contract 4.4",
)

# An incremental snapshot never leaves its disk's subscription by Copy.
INCREMENTAL_ELSEWHERE = Refusal(
    400,
    "OperationNotAllowed",
    "An incremental snapshot must be in the same subscription as its source '{source}'. Create a"
    " full snapshot in the other subscription instead.",
    "inf",
)

# A full snapshot cannot cross regions.
COPY_START_NEEDS_INCREMENTAL = Refusal(
    400,
    "OperationNotAllowed",
    "CreateOption 'CopyStart' is supported only for incremental snapshots; '{source}' or the"
    " snapshot to be created is not one. Full snapshots cannot be copied across regions.",
    "inf",
)

# CopyStart came with 2020-12-01.
COPY_START_VERSION = Refusal(
    400,
    "InvalidParameter",
    "CreateOption 'CopyStart' is not supported in api-version '{version}'.",
    "inf",
)

# At most 100 copies at once in a subscription and region.
TOO_MANY_COPIES = Refusal(
    409,
    "OperationNotAllowed",
    "The maximum number of 100 background copies in progress has been reached in location"
    " '{location}'.",
    "inf",
)

# One incremental snapshot of a disk at a time goes to a region (contract 4.2).
DISK_IS_COPIED = Refusal(
    409,
    "OperationNotAllowed",
    "Another incremental snapshot of the same disk as '{source}' is being copied to this region."
    " Only one can be copied at a time.",
    "inf",
)

# One copy of a snapshot at a time (a switch).
SNAPSHOT_IS_COPIED = Refusal(
    409,
    "OperationNotAllowed",
    "The snapshot '{source}' is being copied already.",
    "inf",
)

# The disk of a machine that was captured (a switch).
DISK_CAPTURED = Refusal(
    409,
    "OperationNotAllowed",
    "The disk '{disk}' belongs to a virtual machine that was captured.",
    "inf",
)

# No image of an incremental snapshot (a switch).
INCREMENTAL_IMAGE = Refusal(
    400,
    "OperationNotAllowed",
    "An image cannot be created from the incremental snapshot '{source}'.",
    "inf",
)

# The data is not there yet.
NOT_COPIED_YET = Refusal(
    409,
    "OperationNotAllowed",
    "The snapshot '{snapshot}' cannot be used as a source: its background copy is not complete"
    " (completionPercent {percent:g}).",
    "inf",
)

# What a customer's key encrypts stays in its subscription and region.
CUSTOMER_KEY_TRAVELS = Refusal(
    400,
    "OperationNotAllowed",
    "A resource encrypted with customer-managed keys can be copied only within the same"
    " subscription and region as its disk encryption set.",
    "inf",
)

# Premium v2 and Ultra disks cannot be snapshotted for this purpose.
DISK_KIND_REFUSED = Refusal(
    400,
    "OperationNotAllowed",
    "A disk of type '{sku}' cannot be the source.",
    "inf",
)

# A disk stays while a machine has it.
DISK_ATTACHED = Refusal(
    409,
    "OperationNotAllowed",
    "Disk {disk} is attached to VM {machine}.",
    "mem",
)

# No managed image of a Trusted Launch machine.
TRUSTED_LAUNCH_IMAGE = Refusal(
    400,
    "OperationNotAllowed",
    "Creation of managed images are not supported for virtual machine with TrustedLaunch security"
    " type.",
    "contract 4.2",
)

# An image of a VM has the VM's generation.
GENERATION_DIFFERS = Refusal(
    400,
    "BadRequest",
    "The Input HyperVGeneration property: '{asked}' does not match the source Virtual Machine's"
    " HyperVGeneration property: '{found}'.",
    "contract 4.2",
)

# An image is made in the region and subscription of its source.
IMAGE_SOURCE_REGION = Refusal(
    400,
    "BadRequest",
    "Images need to be created from sources in the same Azure region and subscription: '{source}'"
    " is not in '{location}' of this subscription.",
    "contract 4.1",
)

# An image of a VM needs it generalized.
NOT_GENERALIZED = Refusal(
    409,
    "OperationNotAllowed",
    "The Virtual Machine '{vm}' is not generalized and cannot be captured as an image.",
    "mem",
)

# A used-up machine.
GENERALIZED_VM = Refusal(
    409,
    "OperationNotAllowed",
    "Operation '{operation}' is not allowed on VM '{vm}' since the VM is generalized.",
    "mem",
)

# An extension of a machine that does not run.
MACHINE_OFF = Refusal(
    409,
    "OperationNotAllowed",
    "Cannot modify extensions in the VM when the VM is not running.",
    "quoted",
)

# A second extension of one kind.
SEVERAL_EXTENSIONS = Refusal(
    400,
    "BadRequest",
    "Multiple VMExtensions per handler not supported for OS type '{os}'. VMExtension '{name}' with"
    " handler '{handler}' already added or specified in input.",
    "quoted",
)

# A machine that something else is done to.
MACHINE_BUSY = Refusal(
    409,
    "OperationNotAllowed",
    "Operation '{operation}' is not allowed on VM '{vm}' since another operation is in progress.",
    "inf",
)

# What fails a VM whose image does not boot, or boots as somebody.
PROVISIONING_TIMED_OUT = Refusal(
    409,
    "OSProvisioningTimedOut",
    "OS Provisioning for VM '{vm}' did not finish in the allotted time. The VM may still finish"
    " provisioning successfully. Please check provisioning state later. Also, make sure the image"
    " has been properly prepared (generalized).",
    "contract 4.4",
)

# The core quota of a region or family.
CORES_EXCEEDED = Refusal(
    409,
    "OperationNotAllowed",
    "Operation could not be completed as it results in exceeding approved {quota} quota."
    " Additional details - Deployment Model: Resource Manager, Location: {location}, Current"
    " Limit: {limit}, Current Usage: {used}, Additional Required: {more}, (Minimum) New Limit"
    " Required: {needed}. Submit a request for Quota increase at"
    " https://aka.ms/ProdportalCRP/#blade/Microsoft_Azure_Capacity/UsageAndQuota.ReactView.",
    "contract 4.4",
)

# No such VM size.
UNKNOWN_SIZE = Refusal(
    400,
    "InvalidParameter",
    "The value {size} provided for the VM size is not valid. The valid sizes in the current"
    " region '{location}' can be listed with the SKUs API.",
    "mem",
)

# No such marketplace image or version.
IMAGE_NOT_ON_SALE = Refusal(
    404,
    "PlatformImageNotFound",
    "The platform image '{reference}' is not available. Verify that all fields in the storage"
    " profile are correct.",
    "mem",
)

# No such publisher, offer, sku or version.
MARKETPLACE_NOTHING = Refusal(404, "NotFound", "Artifact: VMImage was not found.", "mem")

# The purchase plan's terms were never accepted in this subscription.
TERMS_NOT_ACCEPTED = Refusal(
    400,
    "MarketplacePurchaseEligibilityFailed",
    "Marketplace purchase eligibilty check returned errors. See inner errors for details. Legal"
    " terms have not been accepted for this item on this subscription. To accept legal terms,"
    " please go to http://go.microsoft.com/fwlink/?LinkId=534873 and configure programmatic"
    " deployment for '{publisher}' '{product}' '{plan}'.",
    "mem",
)

# An image that stems from a bought one, used without naming its plan.
PLAN_MISSING = Refusal(
    400,
    "VMMarketplaceInvalidInput",
    "Creating a virtual machine from Marketplace image or a custom image sourced from a"
    " Marketplace image requires Plan information in the request.",
    "mem",
)

# What stands in a copy's copyCompletionError, which shows no status.
COPY_DIED = Refusal(
    500,
    "CopyFailed",
    "The copy of the snapshot '{source}' failed due to an internal error.",
    "inf",
)

# The source was deleted before the copy was complete.
COPY_SOURCE_GONE = Refusal(
    404,
    "CopySourceNotFound",
    "The source snapshot '{source}' was deleted before the copy was complete.",
    "inf",
)
