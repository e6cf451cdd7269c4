"""What the engine itself says of a run: its event log, in which each thing has a field of its own.

Its text is for people only: what a script, a tag or somebody's reason says can look like any line
of it. Pulumi's Automation API reads the same log, by the same option, which is hidden otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from factory.common.errors import one_line
from factory.common.names import STACK_TYPE, logical_name, parse_part

OPTION, SHOWN = "--event-log", {"PULUMI_DEBUG_COMMANDS": "true"}
_COLOR = re.compile(r"<\{%[^%]*%\}>")
_GATE = re.compile(r'^before hook "[^"]*" failed: ')
_LAST = "update failed"


def read_events(log: Path) -> list[dict[str, Any]] | None:
    """Read what the engine did, in its order; None if it never began.

    Then all that was printed is the command's own. The last event of an engine that was killed may
    be half written: it is left out.
    """
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    found: list[dict[str, Any]] = []
    for line in lines:
        with suppress(ValueError):
            found.append(json.loads(line))
    return found if lines else None


def troubles(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give every error as one line, with the name of the resource that it is about."""
    found: dict[str, None] = {}
    for each in events:
        event = each.get("diagnosticEvent") or {}
        if event.get("severity") != "error" or event.get("ephemeral"):
            continue
        told = one_line(_COLOR.sub("", str(event.get("message", ""))).strip())
        told = told.removeprefix("error:").strip()
        urn = str(event.get("urn") or "")
        of_stack = not urn or urn.split("::")[2].endswith(STACK_TYPE)
        if told and told != _LAST:
            found[about("" if of_stack else logical_name(urn), told)] = None
    return list(found)


def about(name: str, told: str) -> str:
    """Give an error with the name of its resource, "" for the run itself.

    What a gate refuses is told under the image's name, which it says itself, and not under that of
    the part which is not made.
    """
    told = _GATE.sub("", told)
    place = parse_part(name)
    if not name or (place is not None and told.startswith(f"{place[0]} ")):
        return told
    return f"{name}: {told}"
