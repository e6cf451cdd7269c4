"""Read access to the data of a disk or snapshot: a signed address, until it is given back."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.azure import ids
from rehearsal.azure.arm import polling, service
from rehearsal.azure.compute import copying, errors
from rehearsal.azure.errors import ArmError
from rehearsal.azure.http.messages import Answer, Call
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

_LONGEST = 60 * 60 * 24 * 60  # sixty days, in seconds [mem]


def begin(call: Call) -> Answer:
    """Grant access; the address is what the operation has given in the end (contract 1.5)."""
    azure, disk = call.azure, _disk(call)
    access = str(call.body.get("access") or "")
    if access not in ("Read", "None"):
        raise errors.INVALID_PARAMETER.of(name="access", value=access)
    seconds = call.body.get("durationInSeconds")
    if not isinstance(seconds, int) or not 0 < seconds <= _LONGEST:
        raise errors.INVALID_PARAMETER.of(name="durationInSeconds", value=str(seconds))
    copying.check_ready(azure, disk)
    if disk.properties.get("networkAccessPolicy") == "DenyAll":
        message = f"Disk {disk.name} has the network access policy DenyAll: it is not exported."
        raise ArmError(409, "OperationNotAllowed", message)  # [inf]: documented, words unknown
    if disk.properties.get("diskState") not in ("Unattached", "Reserved", "ActiveSAS"):
        message = f"Disk {disk.name} is attached to a running VM and cannot be exported."
        raise ArmError(409, "OperationNotAllowed", message)
    operation = azure.operations.begin(disk.key, "POST")
    azure.agenda.after(
        azure.times.of("disk", "access"),
        "compute.accessGranted",
        key=disk.key,
        uid=disk.uid,
        operation=operation,
    )
    return polling.accepted(call, operation)


def end(call: Call) -> Answer:
    """Take access back."""
    disk = _disk(call)
    before = disk.hidden.get("stateBeforeAccess", "Unattached")
    call.azure.resources.keep(disk.setting(diskState=before))
    operation = call.azure.operations.begin(disk.key, "POST")
    call.azure.operations.finish(operation)
    return polling.accepted(call, operation)


def handlers(azure: Azure) -> dict[str, Callable[..., None]]:
    """Give what the agenda runs for access."""

    def granted(key: str, uid: str, operation: str) -> None:
        disk = azure.resources.find(key)
        if disk is None or disk.uid != uid:
            azure.operations.finish(operation, errors.SOURCE_NOT_FOUND.of(source=key))
            return
        before = disk.properties.get("diskState")
        if before != "ActiveSAS":
            disk = disk.knowing(stateBeforeAccess=before)
        azure.resources.keep(disk.setting(diskState="ActiveSAS"))
        # Nothing listens there: the data of disks is not rehearsed.
        address = f"https://md-{ids.digits(uid, 12)}.blob.storage.azure.net/{uid}/abcd"
        sas = f"{address}?sv=2018-03-28&sr=b&sig={ids.digits(operation, 32)}"
        azure.operations.finish(operation, output={"accessSAS": sas})

    return {"compute.accessGranted": granted}


def _disk(call: Call) -> Resource:
    return service.need(call.azure, ids.collection_of(call.path))
