"""What the lab service refuses of bodies and actions; nobody quotes it, so all is [inf]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rehearsal.azure.errors import ArmError, invalid_content


def not_convertible(path: str, value: Any, kind: str) -> ArmError:
    """400: a value that a property cannot have; in the words of ARM's deserializer [mem]."""
    place = f"Path '{path}'." if path else "Path ''."
    return invalid_content(f'Error converting value "{value}" to type "{kind}". {place}')


def template_parameters(name: str, lacking: Sequence[str]) -> ArmError:
    """400: an environment without all that its template asks for."""
    message = f"The parameters {', '.join(lacking)} of ARM template '{name}' have no value."
    return ArmError(400, "InvalidArmTemplateParameters", message)


def disk_in_use(disk: str, vm: str) -> ArmError:
    """409: a data disk that a machine has."""
    message = f"The disk '{disk}' is attached to virtual machine '{vm}'."
    return ArmError(409, "DiskAlreadyAttached", message)


def disk_elsewhere(disk: str, vm: str) -> ArmError:
    """409: a data disk that this machine does not have."""
    message = f"The disk '{disk}' is not attached to virtual machine '{vm}'."
    return ArmError(409, "DiskNotAttached", message)


def one_disk_source() -> ArmError:
    """400: a data disk is new, or one of the lab's."""
    message = "Exactly one of attachNewDataDiskOptions and existingLabDiskId must be specified."
    return ArmError(400, "InvalidRequestContent", message)


def nothing_to_claim(lab: str) -> ArmError:
    """404: no machine of the lab may be claimed."""
    message = f"There is no claimable virtual machine in lab '{lab}'."
    return ArmError(404, "NoClaimableVirtualMachine", message)


def not_claimable(vm: str) -> ArmError:
    """409: a machine that belongs to somebody."""
    message = f"The virtual machine '{vm}' is not claimable."
    return ArmError(409, "VirtualMachineNotClaimable", message)


def not_windows(vm: str) -> ArmError:
    """400: a remote desktop file of a machine that has no remote desktop."""
    message = f"The virtual machine '{vm}' does not run Windows."
    return ArmError(400, "OsTypeNotSupported", message)


def schedule_disabled(name: str) -> ArmError:
    """409: a schedule that is switched off is not executed."""
    return ArmError(409, "ScheduleDisabled", f"The schedule '{name}' is disabled.")
