"""`make up`: brings every stack up against the local Azure and tells what each lab holds."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from factory.common.errors import FactoryError
from factory.pipelines.narration import Summary
from factory.pipelines.runner import EngineRunner
from rehearsal.client import Client, RehearsalError, running
from rehearsal.engine.stacks import (
    drop_cut_off_notes,
    pending_creates,
    put_back,
    stack_exists,
    state_locks,
)
from rehearsal.engine.steps import say, seconds
from rehearsal.home import Home
from rehearsal.workspace import PROJECT, WorkspaceError, environment, prepare

_IDLE_PLAN = re.compile(r"Plan: (?:nothing is due|\d+ to forget);")
_DEFINITION_TAG = f"{PROJECT}-definition"
_VERSION_TAG = f"{PROJECT}-version"


@dataclass(frozen=True)
class Outcome:
    """How one stack came out of the run."""

    stack: str
    succeeded: bool
    summary: Summary

    @property
    def nothing_was_due(self) -> bool:
        """Whether the lab's contents needed nothing; the engine may still have forgotten VMs.

        Build VMs that were released leave an entry in the state that the next run forgets.
        """
        if not self.succeeded:
            return False
        plans = [text for text in self.summary.messages if text.startswith("Plan:")]
        if plans:
            return all(_IDLE_PLAN.match(plan) for plan in plans)
        return set(self.summary.counts) == {"unchanged"}


def main(argv: Sequence[str] | None = None) -> int:
    """Bring the stacks up; 0 if all succeeded, 1 otherwise, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="rehearsal up", description=__doc__)
    parser.add_argument("--stack", action="append", help="only this stack (may be repeated)")
    options = parser.parse_args(argv)
    home = Home.current()
    try:
        outcomes = _bring_up(home, options.stack)
        state = Client(home, running(home)).control("GET", "state")
    except RehearsalError as error:
        print(f"rehearsal: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rehearsal: stopped; `make up` goes on from here.", file=sys.stderr)
        return 130
    say("")
    say(lab_table(state))
    say("")
    say(conclusion(outcomes))
    return 0 if all(outcome.succeeded for outcome in outcomes) else 1


def _bring_up(home: Home, wanted: Sequence[str] | None) -> list[Outcome]:
    variables = {**os.environ, **environment(home)}
    known = prepare(home)
    unknown = sorted(set(wanted or ()) - set(known))
    if unknown:
        message = f"no such stack: {', '.join(unknown)} (there are: {', '.join(known)})"
        raise WorkspaceError(message)
    runner = Runner(home, variables)
    return [runner.up(stack) for stack in known if not wanted or stack in wanted]


class Runner:
    """Runs the engine in the work folder of one rehearsal."""

    def __init__(self, home: Home, variables: dict[str, str]) -> None:
        self._home = home
        self._engine = EngineRunner(home.work, variables, say)

    def up(self, stack: str) -> Outcome:
        """Bring one stack up, whatever an earlier run left behind.

        WorkspaceError if a command of the engine has no way on.
        """
        try:
            return self._up(stack)
        except FactoryError as error:
            raise WorkspaceError(str(error)) from None

    def _up(self, stack: str) -> Outcome:
        if not stack_exists(self._home.state, PROJECT, stack):
            self._engine.run("stack", "init", stack_name(stack))
        self.unlock(stack)
        self._put_back(stack)
        began = time.monotonic()
        say(f"{stack}: pulumi up")
        ran = self._engine.up(stack_name(stack), title=stack)
        if pending_creates(self._home.state, PROJECT, stack):
            self._engine.clear_pending(stack_name(stack), stack)
        verdict = "" if ran.ok else ", FAILED"
        say(f"{stack}: {ran.summary}, in {seconds(time.monotonic() - began)}{verdict}")
        return Outcome(stack, ran.ok, ran.summary)

    def unlock(self, stack: str) -> None:
        """Release the lock of a process that is gone; WorkspaceError if it is not gone."""
        for name in drop_cut_off_notes(self._home.state, PROJECT, stack):
            say(f"{stack}: {name} was cut off by a kill; the engine does without it")
        try:
            found = state_locks(self._home.state, PROJECT, stack)
            found.release(stack, lambda lock: lock.is_stale, say)
        except FactoryError as error:
            raise WorkspaceError(str(error)) from None

    def _put_back(self, stack: str) -> None:
        """Put back the state of before a run that found no room to save its own."""
        try:
            whole = put_back(self._home.state, PROJECT, stack)
        except OSError as error:
            message = f"the state of {stack} was cut off and cannot be put back: {error}"
            raise WorkspaceError(message) from None
        if whole:
            say(f"{stack}: its state was cut off by a full disk; {whole} is put back")


def stack_name(stack: str) -> str:
    """Write a stack's full name on the file backend."""
    return f"organization/{PROJECT}/{stack}"


def lab_table(state: dict[str, Any]) -> str:
    """Write lab by lab which version of which image it holds."""
    rows = [("LAB", "SUBSCRIPTION", "REGION", "IMAGE", "VERSION")]
    for subscription in state["subscriptions"]:
        for lab in subscription["labs"]:
            place = (lab["name"], subscription["name"], lab["location"])
            held = [(*_described(image),) for image in lab["customImages"]]
            for index, image in enumerate(sorted(held) or [("-", "-")]):
                rows.append((*(place if index == 0 else ("", "", "")), *image))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _described(image: dict[str, Any]) -> tuple[str, str]:
    tags = image["tags"]
    if _DEFINITION_TAG not in tags:
        return image["name"], "(not the factory's)"
    state = "" if image["state"] == "Succeeded" else f" ({image['state']})"
    return tags[_DEFINITION_TAG], f"{tags.get(_VERSION_TAG, '?')}{state}"


def conclusion(outcomes: Sequence[Outcome]) -> str:
    """Say in a few lines how it went and where to look next."""
    failed = [outcome.stack for outcome in outcomes if not outcome.succeeded]
    if failed:
        first = f"Failed: {', '.join(failed)}. What failed and why stands above; run it again."
    elif all(outcome.nothing_was_due for outcome in outcomes):
        first = "Nothing was due: every lab holds what it should."
    else:
        first = "All stacks are up."
    return "\n".join(
        (
            first,
            "Look further:  .venv/bin/python -m rehearsal show",
            'Work on it:    eval "$(.venv/bin/python -m rehearsal env)"',
            '               pulumi -C "$REHEARSAL_HOME/work" preview -s dev',
        )
    )


if __name__ == "__main__":
    sys.exit(main())
