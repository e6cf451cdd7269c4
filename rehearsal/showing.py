"""What the control API tells, as tables for people."""

from __future__ import annotations

import textwrap
from typing import Any

Json = dict[str, Any]

_VERSION_TAG = "version"
_IN = " " * 4


def pace(clock: Json) -> str:
    """Say how fast a clock runs."""
    return "frozen" if clock["frozen"] else f"x{clock['scale']:g}"


def table(state: Json) -> str:
    """Write labs with their images and VMs, one line each."""
    lines = [f"clock {state['now'][:19]}Z, {pace(state)}"]
    for subscription in state["subscriptions"]:
        lines += ["", f"{subscription['name']}  {subscription['subscription']}"]
        for lab in subscription["labs"]:
            lines.append(f"  {lab['name']}  ({lab['resourceGroup']}, {lab['location']})")
            lines += [_line("image", each) for each in lab["customImages"]]
            lines += [_line("vm", each, each["power"]) for each in lab["virtualMachines"]]
            if not lab["customImages"] and not lab["virtualMachines"]:
                lines.append("    (nothing)")
        counts = (
            f"{len(subscription['snapshots'])} snapshots",
            f"{len(subscription['managedImages'])} managed images",
        )
        lines.append(f"  {', '.join(counts)}")
        for gallery in subscription.get("galleries", ()):
            held = ", ".join(gallery["versions"]) or "no versions"
            lines.append(f"  gallery {gallery['id'].rpartition('/')[2]}: {held}")
    return "\n".join(lines)


def _line(what: str, resource: Json, note: str | None = None) -> str:
    tagged = resource["tags"].get(_VERSION_TAG)
    notes = [each for each in (tagged, note) if each]
    if resource["state"] != "Succeeded":
        notes.append(resource["state"])
    return f"    {what:6} {resource['name']}{'  ' + ', '.join(notes) if notes else ''}"


def switches(found: list[Json]) -> str:
    """Write the switches, one line each with what it stands for below; `*` is not the default."""
    lines = []
    for each in found:
        changed = "*" if each["value"] != each["default"] else " "
        others = [_word(value) for value in each["values"] if value != each["value"]]
        lines.append(
            f"{changed} {each['name']:30} {_word(each['value']):8} (or {', '.join(others)};"
            f" evidence {each['mark']})"
        )
        lines.append(textwrap.fill(each["about"], 100, initial_indent=_IN, subsequent_indent=_IN))
    return "\n".join(lines)


def counts(found: list[Json]) -> str:
    """Write how many requests there were."""
    return "\n".join(
        f"{each['count']:7} {each['method']:6} {each['status']:3} {each['milliseconds']:8.2f} ms"
        f"  {each['type'] or '(no resource)'}"
        for each in found
    )


def bill(found: Json) -> str:
    """Write the usage with its cost, by subscription."""
    lines: list[str] = []
    name = None
    for row in found["value"]:
        if row["subscriptionName"] != name:
            name = row["subscriptionName"]
            lines.append(name)
        what = f"{row['meter']} {row['what']}".strip()
        amount = f"{row['quantity']:10.2f} {row['unit']:10}"
        lines.append(f"  {what:42} {row['region']:14} {amount} {row['cost']:9.2f}")
    lines.append(f"{'total, ' + found['currency']:83} {found['total']:9.2f}")
    return "\n".join(lines)


def _word(value: Any) -> str:
    return str(value).lower()
