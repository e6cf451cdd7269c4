"""The commands that steer a rehearsal and ask it: clock, faults, switches, requests, cost."""

# ruff: noqa: ARG001 - commands share one signature

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from rehearsal.client import Client, RehearsalError, running
from rehearsal.home import Home
from rehearsal.showing import bill, counts, pace, switches

Json = dict[str, Any]
Command = Callable[[Home, argparse.Namespace], int]
Add = Callable[[str, Command, str], argparse.ArgumentParser]

_FILTERS = ("method", "path", "type", "status", "code", "who", "fault", "since", "last")


def add_commands(add: Add) -> None:
    """Add the commands to a parser, by a function that adds one."""
    clock = add("clock", _clock, "read or move its clock")
    clock.add_argument("--advance", metavar="TIME", help="such as 90s, 4h or 7d")
    clock.add_argument("--scale", type=float, help="seconds that pass in one real second")
    clock.add_argument("--freeze", dest="frozen", action="store_true", default=None)
    clock.add_argument("--run", dest="frozen", action="store_false", default=None)
    _fault_parser(add("faults", _list_faults, "list, add or clear faults on demand"))
    _switch_parser(add("switches", _list_switches, "list or set what nobody has proven"))
    artifacts = add("artifacts", _sync_artifacts, "sync artifact sources with their folders")
    artifacts.add_argument(
        "verb", choices=("sync",), help="read the folders again; every lab syncs what changed"
    )
    requests = add("requests", _requests, "print the record of requests, the newest last")
    requests.add_argument("--json", action="store_true")
    requests.add_argument("--counts", action="store_true", help="how many, by resource type")
    for name in _FILTERS:
        requests.add_argument(f"--{name}")
    cost = add("cost", _cost, "print what ran since the start, and what it would have cost")
    cost.add_argument("--json", action="store_true")


def read_faults(path: Path) -> list[Json]:
    """Read fault rules from a YAML file; RehearsalError in one line if they cannot be.

    Rules without an id get one from the file and their place in it, so that reading the file again
    puts them in the place of what it gave before.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        message = f"cannot read the faults {path}: {' '.join(str(error).split())}"
        raise RehearsalError(message) from error
    if not isinstance(found, list) or not all(isinstance(rule, dict) for rule in found):
        message = f"{path} has no fault rules: a list of mappings is expected"
        raise RehearsalError(message)
    return [{"id": f"{path.stem}-{at}", **rule} for at, rule in enumerate(found, 1)]


def apply(client: Client, faults: Path | None, chosen: list[str]) -> None:
    """Set switches (`NAME=VALUE`) and add the rules of a file, as `start` is asked to."""
    if chosen:
        wrong = [each for each in chosen if "=" not in each]
        if wrong:
            message = f"a switch is set by NAME=VALUE, got '{wrong[0]}'"
            raise RehearsalError(message)
        client.control("POST", "switches", dict(each.split("=", 1) for each in chosen))
    if faults is not None:
        client.control("POST", "faults", {"rules": read_faults(faults)})


def _fault_parser(faults: argparse.ArgumentParser) -> None:
    verbs = faults.add_subparsers(metavar="VERB")
    add = verbs.add_parser("add", help="add a rule")
    add.set_defaults(command=_add_fault)
    whom = add.add_argument_group("whom it hits")
    whom.add_argument("--method", action="append", help="such as PUT (may be repeated)")
    whom.add_argument("--path", help="pattern for the path in lower case, such as '*/snapshots/*'")
    whom.add_argument("--type", help="resource type, such as Microsoft.Compute/snapshots")
    often = add.add_argument_group("how often (always unless said)")
    often.add_argument("--nth", type=int, help="only the nth request that fits")
    often.add_argument("--times", type=int, help="the first so many")
    often.add_argument("--probability", type=float, help="above 0 and at most 1")
    often.add_argument("--seed", type=int, help="of the probability: the same seed, the same run")
    what = add.add_argument_group("what happens (one of these)")
    what.add_argument("--status", type=int, help="answered instead, with --code and --message")
    what.add_argument("--drop", choices=("before", "after"), help="the connection, of the change")
    what.add_argument("--hold", choices=("before", "after"), help="the answer never comes")
    what.add_argument("--delay", metavar="TIME", help="before it is heard, by the clock")
    what.add_argument("--hang", action="store_true", help="the operation never ends")
    what.add_argument("--fail-later", metavar="CODE", help="the operation fails at its end")
    what.add_argument("--artifact", help="fails (--vm, --message, --exit); may have wildcards")
    what.add_argument("--repository", choices=("lost",), help="artifact sources lose their all")
    what.add_argument("--copy-dies", type=int, metavar="PERCENT", help="a CopyStart ends there")
    what.add_argument("--replication-fails", metavar="REGION", help="a gallery's version, there")
    what.add_argument("--capacity", metavar="CODE", help="such as AllocationFailed")
    how = add.add_argument_group("how it looks")
    how.add_argument("--code", help="code of the error")
    how.add_argument("--message", help="message of the error, or what the script says")
    how.add_argument("--retry-after", type=int, metavar="SECONDS", help="header of the answer")
    how.add_argument("--vm", help="name of the VM, may have wildcards")
    how.add_argument("--exit", type=int, help="exit code of the script")
    load = verbs.add_parser("load", help="add the rules of a YAML file")
    load.add_argument("file", type=Path)
    load.set_defaults(command=_load_faults)
    verbs.add_parser("list", help="list the rules").set_defaults(command=_list_faults)
    clear = verbs.add_parser("clear", help="remove one rule, or all")
    clear.set_defaults(command=_clear_faults)
    clear.add_argument("id", nargs="?")


def _switch_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true")
    verbs = parser.add_subparsers(metavar="VERB")
    listing = verbs.add_parser("list", help="list them with what they stand for")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(command=_list_switches)
    setting = verbs.add_parser("set", help="set one; `default` is a value too")
    setting.add_argument("name")
    setting.add_argument("value")
    setting.set_defaults(command=_set_switch)


def _client(home: Home) -> Client:
    return Client(home, running(home))


def _said(options: argparse.Namespace, *names: str) -> Json:
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _clock(home: Home, options: argparse.Namespace) -> int:
    asked = _said(options, "advance", "scale", "frozen")
    client = _client(home)
    clock = client.control("POST", "clock", asked) if asked else client.control("GET", "clock")
    print(f"{clock['now'][:19]}Z {pace(clock)}")
    return 0


def _list_faults(home: Home, options: argparse.Namespace) -> int:
    print(json.dumps(_client(home).control("GET", "faults")["value"], indent=2))
    return 0


def _add_fault(home: Home, options: argparse.Namespace) -> int:
    plain = ("method", "path", "type", "nth", "times", "probability", "seed", "status", "drop")
    rule = _said(options, *plain, "hold", "delay", "artifact", "repository", "capacity", "code")
    rule |= _said(options, "vm", "exit", "message")
    renamed = {
        "copy_dies": "copyDies",
        "replication_fails": "replicationFails",
        "retry_after": "retryAfter",
    }
    rule |= {renamed[name]: value for name, value in _said(options, *renamed).items()}
    if options.hang:
        rule["hang"] = True
    if options.fail_later is not None:
        texts = {"message": rule.pop("message")} if "message" in rule else {}
        rule["failLater"] = {"code": options.fail_later, **texts}
    print(_client(home).control("POST", "faults", rule)["id"])
    return 0


def _load_faults(home: Home, options: argparse.Namespace) -> int:
    rules = read_faults(options.file)
    print("\n".join(_client(home).control("POST", "faults", {"rules": rules})["ids"]))
    return 0


def _clear_faults(home: Home, options: argparse.Namespace) -> int:
    path = f"faults/{options.id}" if options.id else "faults"
    print(f"{_client(home).control('DELETE', path)['cleared']} cleared")
    return 0


def _list_switches(home: Home, options: argparse.Namespace) -> int:
    found = _client(home).control("GET", "switches")["value"]
    print(json.dumps(found, indent=2) if options.json else switches(found))
    return 0


def _set_switch(home: Home, options: argparse.Namespace) -> int:
    found = _client(home).control("POST", "switches", {options.name: options.value})
    print(f"{options.name} {str(found[options.name]).lower()}")
    return 0


def _sync_artifacts(home: Home, options: argparse.Namespace) -> int:
    for uri, commit in sorted(_client(home).control("POST", "artifacts/sync")["commits"].items()):
        print(f"{commit[:7]} {uri}")
    return 0


def _requests(home: Home, options: argparse.Namespace) -> int:
    client = _client(home)
    if options.counts:
        found = client.control("GET", "counts")["value"]
        print(json.dumps(found, indent=2) if options.json else counts(found))
        return 0
    query = {name: str(value) for name, value in _said(options, *_FILTERS).items()}
    found = client.control("GET", "requests", None, **query)["value"]
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    for each in found:
        who = each["who"] or "-"
        print(f"{each['time'][:19]} {each['status']:3} {each['method']:6} {who:12} {each['path']}")
    return 0


def _cost(home: Home, options: argparse.Namespace) -> int:
    found = _client(home).control("GET", "cost")
    print(json.dumps(found, indent=2) if options.json else bill(found))
    return 0
