"""What Microsoft.DevTestLab refuses. Most of it nobody quotes: [inf] marks a guess."""

from __future__ import annotations

from rehearsal.azure.errors import Refusal

# Something is under way on it.
BUSY = Refusal(
    409,
    "ResourceIsNotInValidState",
    "Resource '{name}' is not in a valid state '{state}' for operation '{operation}'.",
    "contract 4.4",
)

# A property that is needed.
MISSING = Refusal(400, "InvalidRequestContent", "The property '{what}' is required.", "inf")

# A machine is made from exactly one image (contract 2).
ONE_IMAGE_SOURCE = Refusal(
    400,
    "InvalidRequestContent",
    "Exactly one of customImageId and galleryImageReference must be specified.",
    "inf",
)

# A formula names the image that it orders.
NO_FORMULA_IMAGE = Refusal(
    400,
    "InvalidRequestContent",
    "One of the following properties must be specified: customImageId, galleryImageReference,"
    " sharedImageId.",
    "quoted",
)

# The gallery that a lab is to share is not there.
NO_SUCH_GALLERY = Refusal(
    400,
    "GalleryNotFound",
    "The gallery '{reference}' was not found.",
    "inf",
)

# A lab shares one gallery at a time.
GALLERY_ATTACHED = Refusal(
    409,
    "SharedGalleryAlreadyAttached",
    "The shared gallery '{name}' is attached to the lab already: detach it first.",
    "inf",
)

# A gallery whose images are named (a switch).
GALLERY_USED = Refusal(
    409,
    "SharedGalleryInUse",
    "The shared gallery '{name}' is in use by '{user}' and cannot be detached.",
    "inf",
)

# An image of the shared gallery that the lab does not offer.
IMAGE_NOT_ENABLED = Refusal(
    400,
    "SharedImageNotEnabled",
    "The shared image '{name}' is not enabled in the lab.",
    "inf",
)

# A lab that takes versions by the gallery it shares alone (a switch).
VERSION_NOT_TAKEN = Refusal(
    400,
    "InvalidRequestContent",
    "A virtual machine cannot be created by galleryImageVersionId.",
    "inf",
)

# A custom image has exactly one source (contract 2).
ONE_CAPTURE_SOURCE = Refusal(
    400,
    "InvalidRequestContent",
    "Exactly one of vm, vhd, managedImageId and managedSnapshotId must be specified.",
    "inf",
)

# A computer name the system cannot have; compute's words.
BAD_MACHINE_NAME = Refusal(
    400,
    "InvalidParameter",
    "{os} computer name '{name}' cannot be more than {longest} characters long, be entirely"
    " numeric, or contain the following characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] {{ }} \\ |"
    " ; : . ' \" , < > / ?.",
    "mem",
)

# Compute's rule for passwords.
WEAK_PASSWORD = Refusal(
    400,
    "InvalidParameter",
    "The supplied password must be between 8-123 characters long and must satisfy at least 3 of"
    " password complexity requirements from the following: 1) Contains an uppercase character 2)"
    " Contains a lowercase character 3) Contains a numeric digit 4) Contains a special character"
    " 5) Control characters are not allowed",
    "mem",
)

# A lab resource that another one names.
NOT_IN_LAB = Refusal(
    404,
    "ResourceNotFound",
    "The {what} '{reference}' was not found in the lab.",
    "inf",
)

# A lab without a network that machines may be made in.
NO_NETWORK = Refusal(
    400,
    "VirtualNetworkNotFound",
    "The lab has no virtual network in which virtual machines can be created.",
    "inf",
)

# Machines may not be made in this subnet.
NO_SUBNET = Refusal(
    400,
    "SubnetNotAllowed",
    "Virtual machines cannot be created in subnet '{subnet}' of virtual network '{network}'.",
    "inf",
)

# The network a lab is to use is not there, or in another region.
NO_SUCH_NETWORK = Refusal(
    400,
    "VirtualNetworkNotFound",
    "The virtual network '{reference}' was not found in the lab's region.",
    "inf",
)

# An artifact of a source that is switched off.
REPOSITORY_DISABLED = Refusal(
    400,
    "ArtifactRepositoryDisabled",
    "Virtual machine creation will fail as one or more artifact repositories have been disabled."
    " Enable the artifact repositories or remove their artifacts.",
    "contract 4.4",
)

# No such artifact in the lab's sources, or none yet.
ARTIFACT_NOT_FOUND = Refusal(
    404,
    "ArtifactNotFound",
    "The artifact '{reference}' was not found in the lab.",
    "inf",
)

# What fails the operation of applyArtifacts, where a switch lets it fail.
ARTIFACTS_FAILED = Refusal(
    409,
    "ArtifactDeploymentFailed",
    "One or more artifacts failed to install on virtual machine '{vm}'.",
    "inf",
)

# Parameters an artifact cannot take.
ARTIFACT_PARAMETERS = Refusal(
    400,
    "InvalidArtifactParameters",
    "The parameters of artifact '{artifact}' are not valid: {problems}.",
    "inf",
)

# An artifact for the other operating system.
ARTIFACT_OS = Refusal(
    400,
    "ArtifactOsTypeMismatch",
    "The artifact '{artifact}' cannot be applied to a {os} virtual machine.",
    "inf",
)

# Nothing can be installed on a machine that is off.
NOT_RUNNING = Refusal(
    409,
    "VirtualMachineNotRunning",
    "The virtual machine '{name}' must be running for operation '{operation}'.",
    "inf",
)

# WindowsOsInfo of a Linux machine or the other way round.
WRONG_OS_INFO = Refusal(
    400,
    "InvalidRequestContent",
    "The OS state given does not fit a {os} virtual machine.",
    "inf",
)

# A value outside the property's own.
INVALID_VALUE = Refusal(
    400,
    "InvalidRequestContent",
    "The value '{value}' of '{name}' is not valid.",
    "inf",
)

# What fails a capture whose machine was deleted meanwhile.
SOURCE_GONE = Refusal(
    404,
    "ResourceNotFound",
    "The virtual machine '{reference}' was not found.",
    "inf",
)

# What fails a capture that is to run sysprep itself after artifacts.
SEVERAL_EXTENSIONS = Refusal(
    409,
    "BadRequest",
    "Multiple VMExtensions per handler not supported for OS type '{os}'. VMExtension 'sysprep'"
    " with handler '{handler}' already added or specified in input.",
    "contract 4.2",
)

# A VHD that is not in the lab's own account.
WRONG_STORAGE_ACCOUNT = Refusal(
    400,
    "InvalidStorageAccountForLab",
    "Invalid storage account for lab",
    "contract 4.4",
)

# What backs a custom image is in the lab's subscription and region.
BACKING_ELSEWHERE = Refusal(
    400,
    "InvalidImageSource",
    "The {what} '{reference}' is not in the subscription and region of the lab.",
    "contract 4.1",
)

# What backs a custom image is not there, or not ready.
BACKING_NOT_FOUND = Refusal(
    400,
    "InvalidImageSource",
    "The {what} '{reference}' could not be found.",
    "inf",
)

# A lab that makes no custom image of what it is given (a switch).
BACKING_NOT_TAKEN = Refusal(
    400,
    "InvalidImageSource",
    "A custom image cannot be made of a {what}.",
    "inf",
)

# A lab that takes what is in its own resource group alone (a switch).
BACKING_IN_OTHER_GROUP = Refusal(
    400,
    "InvalidImageSource",
    "The {what} '{reference}' is not in the resource group of the lab.",
    "inf",
)

# A capture that does not deallocate the machine itself (a switch).
NOT_DEALLOCATED = Refusal(
    409,
    "VirtualMachineNotDeallocated",
    "The virtual machine '{name}' must be deallocated before it can be captured.",
    "inf",
)

# An image that is still named (a switch).
IMAGE_USED = Refusal(
    409,
    "CustomImageInUse",
    "The custom image '{name}' is in use by '{user}' and cannot be deleted.",
    "inf",
)

# A schedule in a time zone that is not known here.
UNKNOWN_TIME_ZONE = Refusal(400, "InvalidTimeZone", "The time zone '{name}' is not known.", "inf")

# CreateEnvironment makes new machines alone.
ALREADY_EXISTS = Refusal(
    409,
    "Conflict",
    "The virtual machine '{name}' already exists in the lab.",
    "inf",
)

# What a policy of the lab forbids. No source has the code.
POLICY_VIOLATED = Refusal(403, "PolicyViolation", "{problems}", "inf")

# A value that a property cannot have; in the words of ARM's deserializer.
NOT_CONVERTIBLE = Refusal(
    400,
    "InvalidRequestContent",
    "The request content was invalid and could not be deserialized: 'Error converting value"
    ' "{value}" to type "{kind}". Path \'{path}\'.\'.',
    "mem",
)

# An environment without all that its template asks for.
TEMPLATE_PARAMETERS = Refusal(
    400,
    "InvalidArmTemplateParameters",
    "The parameters {lacking} of ARM template '{name}' have no value.",
    "inf",
)

# A data disk that a machine has.
DISK_IN_USE = Refusal(
    409,
    "DiskAlreadyAttached",
    "The disk '{disk}' is attached to virtual machine '{vm}'.",
    "inf",
)

# A data disk that this machine does not have.
DISK_ELSEWHERE = Refusal(
    409,
    "DiskNotAttached",
    "The disk '{disk}' is not attached to virtual machine '{vm}'.",
    "inf",
)

# A data disk is new, or one of the lab's.
ONE_DISK_SOURCE = Refusal(
    400,
    "InvalidRequestContent",
    "Exactly one of attachNewDataDiskOptions and existingLabDiskId must be specified.",
    "inf",
)

# No machine of the lab may be claimed.
NOTHING_TO_CLAIM = Refusal(
    404,
    "NoClaimableVirtualMachine",
    "There is no claimable virtual machine in lab '{lab}'.",
    "inf",
)

# A machine that belongs to somebody.
NOT_CLAIMABLE = Refusal(
    409,
    "VirtualMachineNotClaimable",
    "The virtual machine '{vm}' is not claimable.",
    "inf",
)

# A remote desktop file of a machine that has no remote desktop.
NOT_WINDOWS = Refusal(
    400,
    "OsTypeNotSupported",
    "The virtual machine '{vm}' does not run Windows.",
    "inf",
)

# A schedule that is switched off is not executed.
SCHEDULE_DISABLED = Refusal(409, "ScheduleDisabled", "The schedule '{name}' is disabled.", "inf")
