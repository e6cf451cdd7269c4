"""``recover``: what a lost state can be made again from; ``--write`` lists it for the program.

Azure and states are only read. What is written is a file beside the stack file.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from factory.azure.observer import AT_ONCE, observe
from factory.azure.resources import Arm, lab_id
from factory.cli.common.engine import CommandLine
from factory.cli.common.options import Commands, add_command
from factory.cli.common.stack_inputs import Stack
from factory.common.errors import FactoryError
from factory.common.names import parse_part
from factory.common.text_file import replace_text
from factory.gather import connect, owner_of, read_catalogues, read_sources
from factory.ledger import catalogue as cat
from factory.ledger.foundations import compute_id, group_id
from factory.ledger.record import Record
from factory.ledger.recovered_file import file_name, write_recovered
from factory.ledger.state_reader import read_ledger
from factory.plan.inputs import Inputs
from factory.plan.recovery.recover import Key, Known, find, lost_owner
from factory.plan.recovery.seen_resource import CAPTURE, IMAGE, LAB, SNAPSHOT, Seen
from factory.plan.recovery.tables import recover_table
from factory.settings.sibling_stacks import read_receivers
from factory.settings.stack import Settings

_EXAMPLE = """  python -m factory recover --stack dev
  python -m factory recover --stack dev --write
  python -m factory recover --stack dev --take linux/rhel-9@20261123.1

then look at `pulumi preview`, and `pulumi up`. See docs/safety.md, "The state is lost"."""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "recover",
        _run,
        about="show what a lost state can be made again from",
        example=_EXAMPLE,
    )
    parser.add_argument("--write", action="store_true", help="write recovered.<stack>.yaml")
    parser.add_argument(
        "--take",
        metavar="IMAGE@VERSION",
        action="append",
        default=[],
        help="a version that was released, though nothing in Azure says so",
    )


def _run(options: argparse.Namespace) -> int:
    stack = Stack.of(options)
    engine = stack.engine
    trusted = [_trusted(text) for text in options.take]
    sources = read_sources(
        engine.root, engine, stack.place.images, use_lock=False, use_recovered=False
    )
    arm = connect(engine).arm
    name, settings = engine.stack_name(), sources.settings
    owner = owner_of(read_ledger(engine.own_resources(name)), name)
    # Azure first, as `orphans` does: a run that is going on has what it makes in its state then.
    seen = list(_look(arm, settings))
    owner = owner if owner.state else lost_owner(owner, seen, arm.thing(group_id(settings)))
    observed = observe(arm, settings, owner, {})
    ledger = read_ledger(engine.own_resources(name))
    # A receiving stack has most records from there, a building one those of foreign parents alone.
    catalogue, parents = read_catalogues(sources, engine, ledger.outputs, observed.now)
    inputs = Inputs(
        owner.stack,
        sources.images,
        settings,
        ledger,
        observed,
        catalogue=catalogue,
        renamed=name if name != owner.stack else "",
        state=owner.state,
    )
    known = _known(engine, inputs, trusted)
    if parents:
        known = replace(known, foreign=frozenset(parents.entries))
    findings = find(inputs, seen, known)
    print(recover_table(findings))
    shown = file_name(name)
    if not findings.entries and not (ledger.empty and owner.state):
        return 0
    if not options.write:
        print(f"Say --write to list {len(findings.entries)} in {shown}; nothing was changed.")
        return 0
    text = write_recovered(name, known.serial, findings.entries, owner.state)
    _write(engine.stack_folder() / shown, text)
    print(f"{len(findings.entries)} listed in {shown}; look at `pulumi preview`, then `pulumi up`.")
    return 0


def _trusted(text: str) -> Key:
    place = parse_part(text)
    if place is None or place[2]:
        msg = f"--take {text!r}: expected IMAGE@VERSION, such as linux/rhel-9@20261123.1"
        raise FactoryError(msg)
    return place[0], place[1]


def _look(arm: Arm, settings: Settings) -> Iterator[Seen]:
    """List everything that may be a part of a version, with all that Azure tells of it."""
    places = [
        (SNAPSHOT, "", compute_id(settings, "snapshots")),
        (IMAGE, "", compute_id(settings, "images")),
    ]
    own = settings.factory_lab
    homes = [(CAPTURE, own.name, own.resource_group)] if own else []
    homes += [(LAB, lab.name, lab.resource_group) for lab in settings.labs]
    places += [
        (kind, lab, f"{lab_id(settings.subscription_id, group, lab)}/customimages")
        for kind, lab, group in homes
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        listed = pool.map(arm.items, [collection for _, _, collection in places])
        for (kind, place, _), items in zip(places, listed, strict=True):
            yield from (Seen(kind, place, item) for item in items)


def _known(engine: CommandLine, inputs: Inputs, trusted: Collection[Key]) -> Known:
    """Collect what other stacks know: the source's catalogue, the states of the receivers."""
    catalogue, own_names = inputs.catalogue, {inputs.name, inputs.stack}
    now = inputs.observed.now
    records: dict[Key, tuple[str, Record]] = {}
    remarks: list[str] = []
    serial = 0
    for short in read_receivers(engine.stack_folder(), inputs.name.rpartition("/")[2]):
        name = engine.full_name(short)
        try:
            ledger = read_ledger(engine.own_resources(name))
        except FactoryError as error:
            remarks.append(f"{short} receives from this stack, and was not read: {error}")
            continue
        serial = max(serial, *(cat.last_serial(ledger.outputs, each, now) for each in own_names))
        for key, held in ledger.held.items():
            if held.record and (catalogue is not None or held.record.stack in own_names):
                records[key] = (f"{short}'s state", held.record)
    if catalogue is not None:
        for key, entry in catalogue.entries.items():
            who = catalogue.origin(entry.record).rpartition("/")[2]
            records[key] = (f"{who}'s catalogue", entry.record)
    return Known(records, serial + 1 if serial else 0, frozenset(trusted), tuple(remarks))


def _write(path: Path, text: str) -> None:
    try:
        replace_text(path, text)
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise FactoryError(msg) from None
