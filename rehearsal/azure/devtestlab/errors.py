"""What Microsoft.DevTestLab refuses. Most of it nobody quotes: [inf] marks a guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rehearsal.azure.errors import ArmError

Json = dict[str, Any]


def busy(name: str, state: str, operation: str) -> ArmError:
    """409: something is under way on it (contract 4.4)."""
    message = f"Resource '{name}' is not in a valid state '{state}' for operation '{operation}'."
    return ArmError(409, "ResourceIsNotInValidState", message)


def missing(what: str) -> ArmError:
    """400: a property that is needed [inf]."""
    return ArmError(400, "InvalidRequestContent", f"The property '{what}' is required.")


def one_image_source() -> ArmError:
    """400: a machine is made from exactly one image (contract 2) [inf]."""
    message = "Exactly one of customImageId and galleryImageReference must be specified."
    return ArmError(400, "InvalidRequestContent", message)


def one_capture_source() -> ArmError:
    """400: a custom image has exactly one source (contract 2) [inf]."""
    message = "Exactly one of vm, vhd, managedImageId and managedSnapshotId must be specified."
    return ArmError(400, "InvalidRequestContent", message)


def bad_machine_name(name: str, os: str, longest: int) -> ArmError:
    """400: a computer name the system cannot have; compute's words [mem]."""
    message = (
        f"{os} computer name '{name}' cannot be more than {longest} characters long, be entirely"
        " numeric, or contain the following characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ |"
        " ; : . ' \" , < > / ?."
    )
    return ArmError(400, "InvalidParameter", message)


def weak_password() -> ArmError:
    """400: compute's rule for passwords [mem]."""
    message = (
        "The supplied password must be between 8-123 characters long and must satisfy at least 3 of"
        " password complexity requirements from the following: 1) Contains an uppercase character"
        " 2) Contains a lowercase character 3) Contains a numeric digit 4) Contains a special"
        " character 5) Control characters are not allowed"
    )
    return ArmError(400, "InvalidParameter", message)


def not_in_lab(what: str, reference: str) -> ArmError:
    """404: a lab resource that another one names [inf]."""
    return ArmError(404, "ResourceNotFound", f"The {what} '{reference}' was not found in the lab.")


def no_network() -> ArmError:
    """400: a lab without a network that machines may be made in [inf]."""
    message = "The lab has no virtual network in which virtual machines can be created."
    return ArmError(400, "VirtualNetworkNotFound", message)


def no_subnet(subnet: str, network: str) -> ArmError:
    """400: machines may not be made in this subnet [inf]."""
    message = (
        f"Virtual machines cannot be created in subnet '{subnet}' of virtual network '{network}'."
    )
    return ArmError(400, "SubnetNotAllowed", message)


def no_such_network(reference: str) -> ArmError:
    """400: the network a lab is to use is not there, or in another region [inf]."""
    message = f"The virtual network '{reference}' was not found in the lab's region."
    return ArmError(400, "VirtualNetworkNotFound", message)


def repository_disabled() -> ArmError:
    """400: an artifact of a source that is switched off (contract 4.4)."""
    message = (
        "Virtual machine creation will fail as one or more artifact repositories have been"
        " disabled. Enable the artifact repositories or remove their artifacts."
    )
    return ArmError(400, "ArtifactRepositoryDisabled", message)


def artifact_not_found(reference: str) -> ArmError:
    """404: no such artifact in the lab's sources, or none yet [inf]."""
    return ArmError(
        404, "ArtifactNotFound", f"The artifact '{reference}' was not found in the lab."
    )


def artifacts_failed(vm: str) -> ArmError:
    """What fails the operation of applyArtifacts, where a switch lets it fail [inf]."""
    message = f"One or more artifacts failed to install on virtual machine '{vm}'."
    return ArmError(409, "ArtifactDeploymentFailed", message)


def artifact_parameters(artifact: str, problems: Sequence[str]) -> ArmError:
    """400: parameters an artifact cannot take [inf]."""
    message = f"The parameters of artifact '{artifact}' are not valid: {'; '.join(problems)}."
    return ArmError(400, "InvalidArtifactParameters", message)


def artifact_os(artifact: str, os: str) -> ArmError:
    """400: an artifact for the other operating system [inf]."""
    message = f"The artifact '{artifact}' cannot be applied to a {os} virtual machine."
    return ArmError(400, "ArtifactOsTypeMismatch", message)


def not_running(name: str, operation: str) -> ArmError:
    """409: nothing can be installed on a machine that is off [inf]."""
    message = f"The virtual machine '{name}' must be running for operation '{operation}'."
    return ArmError(409, "VirtualMachineNotRunning", message)


def wrong_os_info(os: str) -> ArmError:
    """400: windowsOsInfo of a Linux machine or the other way round [inf]."""
    message = f"The OS state given does not fit a {os} virtual machine."
    return ArmError(400, "InvalidRequestContent", message)


def invalid_value(name: str, value: str) -> ArmError:
    """400: a value outside the property's own."""
    return ArmError(400, "InvalidRequestContent", f"The value '{value}' of '{name}' is not valid.")


def source_gone(reference: str) -> ArmError:
    """What fails a capture whose machine was deleted meanwhile [inf]."""
    return ArmError(404, "ResourceNotFound", f"The virtual machine '{reference}' was not found.")


def several_extensions(os: str) -> ArmError:
    """What fails a capture that is to run sysprep itself after artifacts (contract 4.2)."""
    message = (
        f"Multiple VMExtensions per handler not supported for OS type '{os}'. VMExtension"
        " 'sysprep' with handler 'Microsoft.Compute.CustomScriptExtension' already added or"
        " specified in input."
    )
    return ArmError(409, "BadRequest", message)


def wrong_storage_account() -> ArmError:
    """400: a VHD that is not in the lab's own account (contract 4.4)."""
    return ArmError(400, "InvalidStorageAccountForLab", "Invalid storage account for lab")


def backing_elsewhere(what: str, reference: str) -> ArmError:
    """400: what backs a custom image is in the lab's subscription and region (contract 4.1)."""
    message = f"The {what} '{reference}' is not in the subscription and region of the lab."
    return ArmError(400, "InvalidImageSource", message)


def backing_not_found(what: str, reference: str) -> ArmError:
    """400: what backs a custom image is not there, or not ready [inf]."""
    return ArmError(400, "InvalidImageSource", f"The {what} '{reference}' could not be found.")


def backing_not_taken(what: str) -> ArmError:
    """400: a lab that makes no custom image of what it is given (a switch) [inf]."""
    return ArmError(400, "InvalidImageSource", f"A custom image cannot be made of a {what}.")


def backing_in_other_group(what: str, reference: str) -> ArmError:
    """400: a lab that takes what is in its own resource group alone (a switch) [inf]."""
    message = f"The {what} '{reference}' is not in the resource group of the lab."
    return ArmError(400, "InvalidImageSource", message)


def not_deallocated(name: str) -> ArmError:
    """409: a capture that does not deallocate the machine itself (a switch) [inf]."""
    message = f"The virtual machine '{name}' must be deallocated before it can be captured."
    return ArmError(409, "VirtualMachineNotDeallocated", message)


def image_used(name: str, user: str) -> ArmError:
    """409: an image that is still named (a switch) [inf]."""
    message = f"The custom image '{name}' is in use by '{user}' and cannot be deleted."
    return ArmError(409, "CustomImageInUse", message)


def policy_violated(problems: Sequence[Json]) -> ArmError:
    """403: what a policy of the lab forbids. No source has the code: this is a guess [inf]."""
    message = " ".join(str(problem["message"]) for problem in problems)
    return ArmError(403, "PolicyViolation", message, details=problems)


def unknown_time_zone(name: str) -> ArmError:
    """400: a schedule in a time zone that is not known here [inf]."""
    return ArmError(400, "InvalidTimeZone", f"The time zone '{name}' is not known.")


def image_in_use(name: str, state: str) -> ArmError:
    """409: an image that is not ready [inf]."""
    return busy(name, state, "CreateVirtualMachine")


def already_exists(name: str) -> ArmError:
    """409: createEnvironment makes new machines alone [inf]."""
    return ArmError(409, "Conflict", f"The virtual machine '{name}' already exists in the lab.")
