"""The command line of the rehearsal. Errors are one line; the exit code is 0 or 1."""

# ruff: noqa: ARG001, PLC0415 - commands share one signature; what one alone needs is loaded by it

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from rehearsal import daemon
from rehearsal.client import Client, RehearsalError, running
from rehearsal.controls import add_commands, apply, read_faults
from rehearsal.home import Home
from rehearsal.showing import pace, table

Command = Callable[[Home, argparse.Namespace], int]


def main(argv: Sequence[str]) -> int:
    """Run one command; gives the exit code."""
    arguments = list(argv)
    if arguments[:1] in (["up"], ["setup"]):
        return _other(arguments)
    options = _parser().parse_args(arguments)
    try:
        command: Command = options.command
        return command(Home.current(), options)
    except RehearsalError as error:
        print(f"rehearsal: {error}", file=sys.stderr)
        return 1


def _other(arguments: list[str]) -> int:
    """Leave `up` and `setup` to their own modules, which `start` need not load."""
    if arguments[0] == "up":
        from rehearsal.up import main as command
    else:
        from rehearsal.setup import main as command
    return command(arguments[1:])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(command=command)
        return added

    start = add("start", _start, "start the local Azure and make its estate, unless done")
    start.add_argument("--scale", type=float, help="how fast its clock runs (first start: 240)")
    start.add_argument("--port", type=int, help="port on 127.0.0.1 (first start: a free one)")
    start.add_argument("--estate", type=_path, help="what stands in it before")
    start.add_argument("--artifacts", type=_path, help="folder of */Artifactfile.json")
    start.add_argument(
        "--no-estate", dest="seed", action="store_false", default=None, help="make no labs"
    )
    start.add_argument(
        "--day",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="where its clock begins, at the first start and after a reset (default: today)",
    )
    start.add_argument("--faults", type=Path, help="fault rules (YAML) to begin with")
    start.add_argument(
        "--switch", action="append", default=[], metavar="NAME=VALUE", help="may be repeated"
    )
    add("stop", _stop, "stop it; what stands in it is kept")
    add("status", _status, "say whether it runs, where, and what its clock says").add_argument(
        "--json", action="store_true"
    )
    add("reset", _reset, "start over: forget all that stands in it, and the stacks")
    add("env", _env, "print the export lines with which any client works on it")
    show = add("show", _show, "print the labs with their images and VMs")
    show.add_argument("--json", action="store_true")
    add_commands(add)
    add("up", lambda _home, _options: 0, "set up, start, and bring up both stacks")
    add("setup", lambda _home, _options: 0, "get the engine and the plugin ready")
    return parser


def _path(text: str) -> str:
    return str(Path(text).absolute())


def _start(home: Home, options: argparse.Namespace) -> int:
    names = ("scale", "port", "estate", "artifacts", "seed", "day")
    if options.faults is not None:
        read_faults(options.faults)  # what cannot be read is told before anything is started
    info = daemon.start(home, **{name: getattr(options, name) for name in names})
    apply(Client(home, info), options.faults, options.switch)
    print(f"local Azure at {info.url} (process {info.pid}, clock x{info.scale:g})")
    return 0


def _stop(home: Home, options: argparse.Namespace) -> int:
    print("stopped" if daemon.stop(home) else "not running")
    return 0


def _status(home: Home, options: argparse.Namespace) -> int:
    info = home.read_server()
    if info is None:
        print(json.dumps({"running": False}) if options.json else "not running")
        return 1
    clock = Client(home, info).control("GET", "clock")
    if options.json:
        print(json.dumps({"running": True, "url": info.url, "pid": info.pid, "clock": clock}))
        return 0
    print(f"local Azure at {info.url} (process {info.pid})")
    print(f"clock {clock['now'][:19]}Z, {pace(clock)}; {clock['running']} operations under way")
    return 0


def _reset(home: Home, options: argparse.Namespace) -> int:
    from rehearsal.engine.stacks import forget_stacks

    info = running(home)
    # What a state says of an Azure that is empty would be a deletion by hand to the next run.
    if held := forget_stacks(home.state):
        message = f"a stack is in use by {held}; wait for it, or stop it"
        raise RehearsalError(message)
    daemon.reset(home, info)
    print("the estate stands as at the first start, and no stack knows anything")
    return 0


def _env(home: Home, options: argparse.Namespace) -> int:
    from rehearsal.workspace import WorkspaceError, environment

    running(home)
    try:
        lines = sorted(environment(home).items())
    except WorkspaceError as error:
        raise RehearsalError(str(error)) from error
    for name, value in lines:
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _show(home: Home, options: argparse.Namespace) -> int:
    state = _client(home).control("GET", "state")
    print(json.dumps(state, indent=2) if options.json else table(state))
    return 0


def _client(home: Home) -> Client:
    return Client(home, running(home))
