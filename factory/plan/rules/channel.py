"""Which version a stack's labs are to have: pins, holds, and what a receiving stack lets in."""

from __future__ import annotations

from datetime import datetime

from factory.common.durations import spell_duration
from factory.common.versions import Version
from factory.ledger.catalogue import Entry
from factory.ledger.model import Held
from factory.plan.inputs import Inputs
from factory.settings.stack import NAMESPACE

WAITS_FOR_APPROVAL = "waits for approval in image-factory:approve"


def pinned(inputs: Inputs, identity: str) -> Version | None:
    """Give the version that this stack's labs are held at, or rolled back to."""
    pins = inputs.settings.pin
    text = next((pins[name] for name in inputs.names_of(identity) if name in pins), None)
    return Version.parse(text) if text else None


def on_hold(inputs: Inputs, identity: str) -> bool:
    """Tell whether nothing at all is to happen to a definition in this stack.

    What a trial leaves out rests too, and what another stack builds: a pattern must never read as a
    wish to retire the others.
    """
    settings = inputs.settings
    if settings.only and identity not in inputs.here:
        return True
    if inputs.elsewhere(identity):
        return True
    return bool(settings.hold) and inputs.takes(settings.hold, identity)


def vain_pins(inputs: Inputs) -> list[str]:
    """Tell of pins to a version that is neither here nor offered: nothing follows from them."""
    offered = inputs.catalogue.entries if inputs.catalogue else {}
    found = []
    for name, text in sorted(inputs.settings.pin.items()):
        keys = [(each, Version.parse(text)) for each in inputs.names_of(name)]
        here = (inputs.ledger.held.get(key) for key in keys)
        if any(held and not held.retired for held in here) or any(key in offered for key in keys):
            continue
        found.append(
            f"{NAMESPACE}:pin: {name} {text}: there is no such version here"
            f"{', and its source does not offer it' if inputs.catalogue else ''}; "
            "labs keep what they have, and get nothing newer"
        )
    return found


def above_pin(inputs: Inputs, held: Held) -> bool:
    """Tell whether a version is newer than the one its labs are pinned to."""
    pin = pinned(inputs, held.identity)
    return pin is not None and held.version > pin


def current(inputs: Inputs, identity: str, staying: list[Held]) -> Held | None:
    """Give the version that every lab that takes the definition is to have."""
    pin = pinned(inputs, identity)
    if pin is not None:
        return next((held for held in staying if held.version == pin), None)
    return staying[-1] if staying else None


def admitted(inputs: Inputs, identity: str, offers: list[Entry]) -> tuple[Entry | None, str]:
    """Choose what a receiving stack lets in: the newest offer that its policy admits.

    Gives it, or None, with the reason why the newest offer is not the one.
    """
    pin = pinned(inputs, identity)
    if pin is not None:
        found = next((offer for offer in offers if offer.record.parsed() == pin), None)
        return found, f"pinned to {pin}" + ("" if found else ", which its source does not offer")
    waiting = ""
    for offer in reversed(offers):
        fault = _not_yet(inputs, identity, offer)
        if fault is None:
            return offer, waiting
        waiting = waiting or f"{offer.record.version} {fault}"
    return None, waiting


def _not_yet(inputs: Inputs, identity: str, offer: Entry) -> str | None:
    settings = inputs.settings
    if settings.after is not None:
        age = inputs.observed.now - datetime.fromisoformat(offer.record.built)
        if age < settings.after:
            return f"is {spell_duration(age)} old; it soaks for {spell_duration(settings.after)}"
    if settings.approve is not None and not any(
        offer.record.version in settings.approve.get(name, []) for name in inputs.names_of(identity)
    ):
        return WAITS_FOR_APPROVAL
    return None
