"""What a lost state can be made again from, as a table that a person reads first."""

from __future__ import annotations

from collections.abc import Iterable

from factory.common.errors import printable
from factory.ledger.model import Path
from factory.plan.recovery.recover import Finding, Findings
from factory.plan.reports.table import table

_HEADS = ("image", "version", "do", "what stands", "known from", "what follows")


def recover_table(findings: Findings) -> str:
    """Write one line per version and one per remark; several lines without a trailing newline."""
    taken = len(findings.entries)
    left = len(findings.found) - taken
    if not findings.found and not findings.remarks:
        return "Recover: nothing; all that carries this stack's tags is in its state."
    lines = [f"Recover: {taken} to take in, {left} left as they are."]
    if findings.found:
        lines += table(_HEADS, [_row(each) for each in findings.found])
    return "\n".join([*lines, *(printable(remark) for remark in findings.remarks)])


def _row(each: Finding) -> tuple[str, ...]:
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
