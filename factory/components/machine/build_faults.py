"""Every fault that a build can end with, and whether a fresh VM may end otherwise.

A fault that a fresh VM would have too is final: no further attempt is paid for. How Azure's own
words are read stands in the same table, by the stage at which they come; what no row knows is worth
another attempt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from factory.azure.waiter import GaveUpError


@dataclass(frozen=True)
class _Row:
    """When it comes, what it is, if it is final and why; ``said``: how Azure's text shows it."""

    stage: str
    what: str
    final: bool
    why: str
    said: str = ""


class Kind(Enum):
    """The kinds of faults. Of those that texts show, the first that fits is meant."""

    VM_NO_ROOM = _Row(
        "its VM is made",
        "the region has no room for the size",
        final=False,
        why="room comes and goes; `fallbackSizes` are tried first",
        said=r"\b((Zonal)?AllocationFailed|Overconstrained(Zonal)?AllocationRequest)\b",
    )
    VM_NO_QUOTA = _Row(
        "its VM is made",
        "the quota is used up, or the size is not sold to this subscription there",
        final=True,
        why="a fresh VM asks for the same; `fallbackSizes` are tried first",
        # OperationNotAllowed is Azure's word for many things; with a quota it means that.
        said=r"\b(SkuNotAvailable|QuotaExceeded)\b"
        r"|(?s:^(?=.*OperationNotAllowed)(?=.*(?i:quota)))",
    )
    VM_FORBIDDEN = _Row(
        "its VM is made",
        "a right, a policy or a lock refuses it",
        final=True,
        why="what the request asks for is refused, whoever asks again",
        said=r"AuthorizationFailed|RequestDisallowedByPolicy|ScopeLocked|Status=403",
    )
    VM_WRONG = _Row(
        "its VM is made",
        "the request is wrong: an image, size or plan that Azure does not take, terms not accepted",
        final=True,
        why="the same request has the same fault",
        said=r"Invalid(Parameter|Request|Template)|BadRequest|Status=400"
        r"|MarketplacePurchaseEligibilityFailed|ResourcePurchase",
    )
    VM_FAILED = _Row(
        "its VM is made",
        "anything else: it did not boot or provision, Azure failed, it did not end in time",
        final=False,
        why="most are of that one machine or that hour",
    )
    VM_GONE = _Row(
        "artifacts are applied",
        "the VM was deleted by somebody, or is in state Failed",
        final=False,
        why="it is of that VM",
    )
    DISK_UNFIT = _Row(
        "artifacts are applied",
        "its disk is of a kind that cannot be captured (before the first artifact)",
        final=True,
        why="the base makes such disks alone",
    )
    MANDATORY_FAILED = _Row(
        "artifacts are applied",
        "an artifact that the lab applies by itself failed",
        final=False,
        why="a script may fail once",
    )
    ARTIFACT_REFUSED = _Row(
        "artifacts are applied",
        "the lab refuses the request for an artifact (400, 403)",
        final=True,
        why="the same request is refused for another VM",
    )
    ARTIFACT_NOT_ASKED = _Row(
        "artifacts are applied",
        "the lab fails at the request for an artifact (404, 5xx)",
        final=False,
        why="a lab that was changed, or Azure at that hour",
    )
    SECRET_UNREAD = _Row(
        "artifacts are applied",
        "a key vault does not give a secret that an artifact takes",
        final=True,
        why="what a vault says does not hang on the VM; its client has tried again itself",
    )
    ARTIFACT_FAILED = _Row(
        "artifacts are applied",
        "an artifact failed, or did not finish within `timeLimit`",
        final=False,
        why="downloads fail once",
    )
    NOT_SHUT_DOWN = _Row(
        "its disk is read",
        "it was not deallocated within `timeLimit`",
        final=False,
        why="sysprep and deprovision hang once",
    )
    NO_DISK = _Row(
        "its disk is read",
        "the VM has no managed OS disk",
        final=True,
        why="the lab makes such VMs alone",
    )

    @property
    def final(self) -> bool:
        """Tell whether a fresh VM would end in the same way."""
        return self.value.final


class BuildFaultError(GaveUpError):
    """A build's end of a known kind."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def unmade(fault: str) -> Kind:
    """Give the kind of fault for which Azure made no VM, by Azure's words."""
    for kind in Kind:
        if kind.value.said and re.search(kind.value.said, fault):
            return kind
    return Kind.VM_FAILED


def lacks_capacity(fault: str) -> bool:
    """Tell whether another size may help: Azure has no room for this one, or the quota has none."""
    return unmade(fault) in {Kind.VM_NO_ROOM, Kind.VM_NO_QUOTA}


def table() -> str:
    """Write the table for docs/how-it-works.md."""
    lines = ["| when | fault | another attempt | why |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {row.stage} | {row.what} | {'no' if row.final else 'yes'} | {row.why} |"
        for row in (kind.value for kind in Kind)
    ]
    return "\n".join(lines)
