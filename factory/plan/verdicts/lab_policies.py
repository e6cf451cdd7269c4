"""What the owner of a factory lab allows: judged before a VM is paid for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory.definitions.definition import Base, Definition, DiskType
from factory.observed.lab_rules import LabRules
from factory.settings.stack import NAMESPACE

_ASK = "ask the lab's owner"


def forbidden(
    rules: LabRules, definition: Definition
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Give what a lab's policies refuse of a definition: its field, the fault, what to do."""
    size, base = definition.size, definition.base
    if rules.sizes is not None and size.lower() not in rules.sizes:
        what = f"the factory lab's policy does not allow {size}"
        yield ("size",), what, f"it allows {', '.join(sorted(rules.sizes))}"
    allowed = rules.images
    if isinstance(base, Base) and allowed is not None and base.urn.lower() not in allowed:
        yield ("base", "sku"), f"the factory lab's policy does not allow {base.urn}", _ASK


def no_vm(rules: LabRules, definitions: Sequence[Definition]) -> tuple[str, str] | None:
    """Say which policy allows none of the VMs that these definitions need."""
    for fact, count in rules.counts.items():
        if not count and _wanted(fact, definitions, 0):
            return f"the lab's policy {fact} allows no VM", _ASK
    return None


def doubts(
    rules: LabRules, definitions: Sequence[Definition], limit: int
) -> Iterator[tuple[str, str]]:
    """Give what may end a build that runs: the fault and what to do.

    ``limit`` is how many builds may run at once, 0 for all of them.
    """
    if not definitions:
        return
    for fact, count in rules.counts.items():
        wanted = _wanted(fact, definitions, limit)
        if wanted > count > 0:
            yield (
                f"the lab's policy {fact} allows {count} VMs, {wanted} may build at once",
                f"set {NAMESPACE}:maxConcurrentBuilds to what others leave of them",
            )
    if rules.shutdown:
        yield (
            f"the lab stops every VM at {rules.shutdown}: a build that runs then fails",
            "have its owner turn that off, or run when a build is over by then",
        )
    if rules.shut_in:
        what = (
            f"the subnet {rules.shut_in} is private and has neither a NAT gateway nor routes: "
            "build VMs have no public address, and their artifacts download nothing"
        )
        yield what, "have its owner give it a way out, or name another subnet"


def _wanted(fact: str, definitions: Sequence[Definition], limit: int) -> int:
    premium = sum(each.disk_type is DiskType.PREMIUM for each in definitions)
    wanted = premium if "premium" in fact.lower() else len(definitions)
    return min(wanted, limit or wanted)
