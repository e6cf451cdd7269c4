"""The serial of a catalogue, raised when its content changes: an old catalogue shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from factory.common.errors import FactoryError

OUTPUT = "catalogue"
RECEIVED = "received"
HANDED_OVER = "handedOver"
BEGAN = "began"
_HIGHEST_SERIAL = 10**12
# How the engine writes "not known yet" into a saved output (pulumi sdk, runtime/rpc.py UNKNOWN).
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def unreadable(stack: str, why: str, todo: str) -> FactoryError:
    """Make the error for a catalogue that cannot be used, in one line."""
    return FactoryError(
        f"the catalogue of {stack} cannot be used: {why} -> {todo}; nothing was changed"
    )


def shown(value: Any) -> str:
    """Write what may be anything so that it stays short and on its line."""
    return ascii(value)[:80] if isinstance(value, str | int | float) else type(value).__name__


def is_unknown(raw: Any) -> bool:
    """Tell whether an entry, or a value in it, is not known; entries hold texts, nothing deeper."""
    inside = raw.values() if isinstance(raw, Mapping) else (raw,)
    return any(isinstance(value, str) and value == _UNKNOWN for value in inside)


def serial_of(value: Any, stack: str) -> int:
    """Read a serial. Raises :class:`FactoryError` for what is none."""
    text = str(value).removesuffix(".0") if isinstance(value, str | int | float) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < _HIGHEST_SERIAL):
        raise unreadable(stack, f"serial {shown(value)} is not a number", "see `stack output`")
    return int(text)


def first_name(outputs: Mapping[str, Any]) -> str:
    """Give the full name under which a stack began, by its outputs; "" if they do not say."""
    told = outputs.get(OUTPUT)
    name = told.get(BEGAN) if isinstance(told, Mapping) else ""
    return name if name and isinstance(name, str) else last_name(outputs)


def last_name(outputs: Mapping[str, Any]) -> str:
    """Give a stack's full name at its last run, by its outputs; "" if they do not say."""
    told = outputs.get(OUTPUT)
    name = told.get("stack") if isinstance(told, Mapping) else ""
    return name if isinstance(name, str) else ""


def last_serial(outputs: Mapping[str, Any], stack: str) -> int:
    """Give the serial this stack last received from ``stack`` (its own output), 0 if never."""
    told = outputs.get(RECEIVED)
    if not isinstance(told, Mapping):
        return 0
    several = told.get("serials")
    if isinstance(several, Mapping):
        return serial_of(several.get(stack, 0), stack)
    return serial_of(told.get("serial"), stack) if told.get("stack") == stack else 0


def received(serials: Mapping[str, int]) -> dict[str, Any]:
    """Write down what was received last, by stack, as a stack output; :func:`last_serial` reads it.

    Of one stack ``{stack, serial}``, of several ``{serials: {stack: serial}}``.
    """
    if len(serials) == 1:
        ((stack, serial),) = serials.items()
        return {"stack": stack, "serial": str(serial)}
    return {"serials": {stack: str(serial) for stack, serial in sorted(serials.items())}}


def mark(entry: Mapping[str, Any]) -> str:
    """Give what sets an entry apart besides its record, which never changes."""
    moved = HANDED_OVER if entry.get(HANDED_OVER) else ""
    return str(entry.get("retired") or entry.get("revoked") or moved)


def next_serial(
    previous: Mapping[str, Any],
    content: Mapping[str, Mapping[str, str]],
    revoked: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> int:
    """Give the serial of a catalogue with ``content`` ({identity: {version: mark}}).

    A mark is when it was retired, or why it was revoked, "" for a good version.

    The old one if nothing changed, else a higher one. Never below the seconds since 1970, so that a
    stack that was destroyed and made again does not look like an old state to its receivers.
    """
    old = previous.get(OUTPUT)
    if not isinstance(old, Mapping) or "serial" not in old:
        return int(now.timestamp())
    before = {
        identity: {
            version: mark(raw)
            for version, raw in versions.items()
            if isinstance(raw, Mapping) and not is_unknown(raw)
        }
        for identity, versions in (old.get("definitions") or {}).items()
        if isinstance(versions, Mapping)
    }
    serial = serial_of(old["serial"], "this stack")
    same = {k: v for k, v in before.items() if v} == {k: dict(v) for k, v in content.items() if v}
    if same and (old.get("revoked") or {}) == revoked:
        return serial
    return max(serial + 1, int(now.timestamp()))
