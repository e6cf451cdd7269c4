"""Orphans, and what a lost state can be made again from, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from factory.common.errors import printable
from factory.ledger.model import Path
from factory.plan.recovery.orphans import Fate, Orphan
from factory.plan.recovery.recover import Finding, Findings
from factory.plan.recovery.tagged_resources import Kind
from factory.plan.reports.table import table

ORPHANS_SCHEMA = "image-factory/orphans/1"
_ORPHAN_HEADS = ("what", "where", "image", "version", "age", "a day", "do", "why")
_FINDING_HEADS = ("image", "version", "do", "what stands", "known from", "what follows")


def orphans_table(orphans: Sequence[Orphan]) -> str:
    """Write one line per orphan and a sum; several lines without a trailing newline."""
    if not orphans:
        return "Orphans: none; all that carries this stack's tags is in its state."
    count = {fate: sum(orphan.fate is fate for orphan in orphans) for fate in Fate}
    said = [f"{number} to {fate.value}" for fate, number in count.items() if number]
    lines = [f"Orphans: {', '.join(said)}."]
    lines += table(_ORPHAN_HEADS, [_orphan_row(orphan) for orphan in orphans])
    lines.append(f"Cost a day: {_sum(orphans)}.")
    if count[Fate.RECOVER]:
        lines.append(
            "What is to recover was released once and is not deleted unless it is named: put the "
            "state back (`pulumi stack import`), or take it in again (`python -m factory recover "
            "--stack ...`, see docs/safety.md)."
        )
    return "\n".join(lines)


def orphans_json(stack: str, now: datetime, orphans: Sequence[Orphan]) -> str:
    """Write the orphans as JSON; fields may be added to this form, never changed."""
    found = [
        {
            "kind": orphan.kind.value,
            "id": orphan.id,
            "label": orphan.label,
            "image": orphan.identity or None,
            "version": orphan.version or None,
            "ageHours": None if orphan.age is None else int(orphan.age / timedelta(hours=1)),
            "gib": orphan.gib,
            "vmSize": orphan.vm_size or None,
            "fate": orphan.fate.value,
            "why": orphan.why,
        }
        for orphan in orphans
    ]
    head = {"schema": ORPHANS_SCHEMA, "stack": stack, "now": now.isoformat(timespec="seconds")}
    return json.dumps({**head, "orphans": found}, indent=2)


def _orphan_row(orphan: Orphan) -> tuple[str, ...]:
    return (
        orphan.kind.value,
        orphan.label,
        orphan.identity or "-",
        orphan.version or "-",
        _spell(orphan.age),
        _per_day(orphan),
        orphan.fate.value,
        orphan.why,
    )


def _spell(age: timedelta | None) -> str:
    if age is None:
        return "-"
    return f"{age.days} d" if age.days else f"{int(age / timedelta(hours=1))} h"


def _per_day(orphan: Orphan) -> str:
    if orphan.kind is Kind.VM:
        return f"24 h of {orphan.vm_size or 'a VM'}"
    if orphan.kind is Kind.FOUNDATION:
        return "-"
    if orphan.kind is Kind.LAB_IMAGE:
        return "nothing of its own"
    return "a disk" if orphan.gib is None else f"{orphan.gib} GiB"


def _sum(orphans: Sequence[Orphan]) -> str:
    vms = sum(orphan.kind is Kind.VM for orphan in orphans)
    gib = sum(orphan.gib or 0 for orphan in orphans)
    disks = (Kind.CAPTURE, Kind.MANAGED_IMAGE, Kind.SNAPSHOT)
    untold = sum(orphan.gib is None and orphan.kind in disks for orphan in orphans)
    parts = [f"{gib} GiB stored"]
    if vms:
        parts.insert(0, f"up to {24 * vms} VM hours")
    if untold:
        parts.append(
            f"{untold} disk{'s' if untold != 1 else ''} of a size that Azure does not tell"
        )
    return ", ".join(parts)


def recover_table(findings: Findings) -> str:
    """Write one line per version and one per remark; several lines without a trailing newline."""
    taken = len(findings.entries)
    left = len(findings.found) - taken
    if not findings.found and not findings.remarks:
        return "Recover: nothing; all that carries this stack's tags is in its state."
    lines = [f"Recover: {taken} to take in, {left} left as they are."]
    if findings.found:
        lines += table(_FINDING_HEADS, [_finding_row(each) for each in findings.found])
    return "\n".join([*lines, *(printable(remark) for remark in findings.remarks)])


def _finding_row(each: Finding) -> tuple[str, ...]:
    entry = each.entry
    do = "leave" if entry is None else "retired" if entry.retired else "take in"
    told = each.fault or "; ".join(each.lacks) or "nothing is lost"
    cells = (
        each.identity,
        str(each.version),
        do,
        _parts(each.parts),
        entry.known if entry else "-",
        told,
    )
    return tuple(printable(cell) for cell in cells)


def _parts(paths: Iterable[Path]) -> str:
    """Sum parts up: ``source, capture, copy westeurope, labs team-web team-data``."""
    groups: dict[str, list[str]] = {}
    for path in sorted(paths, key=lambda path: (path[0] == "lab", path)):
        groups.setdefault(path[0], []).extend(path[1:])
    spelled = {
        kind: f"{'labs' if kind == 'lab' and len(where) > 1 else kind} {' '.join(where)}".strip()
        for kind, where in groups.items()
    }
    order = ["source", "capture", "copy", "image", "lab"]
    return ", ".join(spelled[kind] for kind in order if kind in spelled)
