"""Brings stacks up by the ``pulumi`` command, whatever an earlier run left behind.

A run that was killed leaves two things: the lock of its process, and creates that the state calls
pending. The lock is released where nobody can hold it any more; the creates are gone on with by the
run itself, and then cleared.
"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from factory.common.errors import FactoryError, Problems, harmless, one_line
from factory.common.names import STACK_TYPE
from factory.ledger.undeclared_entries import check_export
from factory.pipelines.event_log import OPTION, SHOWN, read_events, troubles
from factory.pipelines.narration import Narrator, Summary
from factory.pipelines.state_locks import StateLocks, is_left_behind
from factory.settings.engine_command import backend_of, is_unknown_stack
from factory.settings.stack_file import read_stack_file, stack_file_name

UP = ("up", "--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress")
PREVIEW = ("preview", "--suppress-outputs", "--suppress-progress")
_LOCKED = "the stack is currently locked"
# After Ctrl-C the engine waits for what is under way; a second one ends it, a third is a kill.
_PATIENCE = (120.0, 20.0)


@dataclass(frozen=True)
class Ran:
    """What one command of the engine came to; ``cut_off`` if its time was up.

    ``began`` tells whether the engine was at work at all: before, all troubles are the command's.
    ``events`` is what it did (``event_log``); they hold all that is declared, so nobody keeps them.
    """

    code: int
    summary: Summary = field(default_factory=Summary)
    cut_off: bool = False
    began: bool = True
    events: tuple[Mapping[str, Any], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all of it succeeded."""
        return self.code == 0


class EngineRunner:
    """The ``pulumi`` command in one work folder."""

    def __init__(
        self, work: Path, variables: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        """Take the folder with Pulumi.yaml, the environment, and where lines for people go."""
        self._work = work
        self._variables = variables
        self._say = say

    def up(
        self, stack: str, *, title: str = "", log: Path | None = None, seconds: float | None = None
    ) -> Ran:
        """Bring one stack up; after ``seconds`` it is asked to end, and the next run goes on.

        A lock that a dead run left is released first. Raises :class:`FactoryError`.
        """
        limit = None if seconds is None else time.monotonic() + seconds
        self.check(stack)
        ran = self.narrated(UP, stack, title=title, log=log, seconds=seconds)
        if ran.began or not any(_LOCKED in trouble for trouble in ran.summary.troubles):
            return ran
        released = self.locks(stack).release(
            title or stack, lambda lock: is_left_behind(lock, self._variables), self._say
        )
        if not released:
            return ran
        left = None if limit is None else max(1.0, limit - time.monotonic())
        return self.narrated(UP, stack, title=title, log=log, seconds=left)

    def locks(self, stack: str) -> StateLocks:
        """Find the locks on a stack, where its state lies. Raises :class:`FactoryError`."""
        backend = json.loads(self.run("whoami", "--json"))["url"]
        words = ("stack", "--show-name", "--fully-qualify-stack-names")
        return StateLocks.of(str(backend), self.run(*words, stack=stack).strip(), self._variables)

    def clear_pending(self, stack: str, title: str = "") -> int:
        """Clear creates that a run left unfinished and a later one has resolved; gives how many.

        Raises :class:`FactoryError`.
        """
        deployment = self.export(stack).get("deployment") or {}
        pending = [
            each
            for each in deployment.get("pending_operations") or ()
            if each.get("type") == "creating"
        ]
        if not pending:
            return 0
        said = f"clearing {len(pending)} creations that an earlier run left unfinished"
        self._say(f"{title or stack}: {said}")
        root = next(
            (
                each["urn"]
                for each in deployment.get("resources") or ()
                if each.get("type") == STACK_TYPE
            ),
            None,
        )
        targets = ("--target", str(root)) if root else ()
        self.run("refresh", "--clear-pending-creates", "--yes", *targets, stack=stack)
        return len(pending)

    def export(self, stack: str) -> dict[str, Any]:
        """Read a stack's deployment, secrets masked. Raises :class:`FactoryError`."""
        found = json.loads(self.run("stack", "export", stack=stack))
        return found if isinstance(found, dict) else {}

    def run(self, *words: str, stack: str = "") -> str:
        """Run a command that is not told about; gives what it printed.

        Raises :class:`FactoryError` with the engine's own reason.
        """
        try:
            done = subprocess.run(
                self._command(words, stack),
                # The program has no part in these, whatever the user has set: a `refresh` with it
                # would be a run (an engine that does not know the variable passes over it).
                env={**self._for(stack), "PULUMI_RUN_PROGRAM": "false"},
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise _no_engine() from None
        if done.returncode != 0:
            reason = reason_of(done.stderr, done.stdout)
            msg = f"pulumi {words[0]} of {stack or self._work.name} failed: {reason}"
            raise FactoryError(msg)
        return done.stdout

    def narrated(
        self,
        verb: Iterable[str],
        stack: str,
        *,
        title: str = "",
        log: Path | None = None,
        seconds: float | None = None,
    ) -> Ran:
        """Run a command and tell the gist of what it prints; all of it goes to ``log``.

        The state was looked through before (:meth:`check`).
        """
        with TemporaryDirectory(prefix="image-factory-") as folder:
            events = Path(folder) / "events.json"
            ran = self._narrated((*verb, OPTION, str(events)), stack, title, log, seconds)
            found = read_events(events)
        if found is not None:
            ran.summary.troubles = troubles(found)
        return replace(ran, began=found is not None, events=tuple(found or ()))

    def _narrated(
        self, verb: Iterable[str], stack: str, title: str, log: Path | None, seconds: float | None
    ) -> Ran:
        narrator = Narrator(title or stack, self._say)
        try:
            process = subprocess.Popen(
                self._command(verb, stack),
                env={**self._for(stack), **SHOWN},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except FileNotFoundError:
            raise _no_engine() from None
        if process.stdout is None:
            raise AssertionError
        with _limited(process, seconds) as cut:
            try:
                summary = narrator.read(_watched(process.stdout, log))
            except KeyboardInterrupt:
                # The terminal sent Ctrl-C to the engine too, which ends its operations and saves.
                process.wait()
                raise
            except BaseException:
                process.send_signal(signal.SIGINT)
                process.wait()
                raise
            code = process.wait()
        return Ran(code, summary, cut.is_set() and code != 0)

    def check(self, stack: str) -> None:
        """Look through a stack's state before an engine loads it: what it names would be run.

        A stack that is not there is for the command itself to tell. Raises :class:`FactoryError`.
        """
        try:
            export = self.export(stack)
        except FactoryError as error:
            if is_unknown_stack(str(error)):
                return
            raise
        check_export(stack, export, self._secrets_provider(stack))

    def _secrets_provider(self, stack: str) -> str | None:
        name = stack_file_name(stack)
        if not (self._work / name).is_file():
            return None
        file = read_stack_file(self._work / name, name, Problems()).file
        return "" if file is None else str(file.data.get("secretsprovider") or "")

    def _for(self, stack: str) -> dict[str, str]:
        return {**self._variables, **backend_of(stack, self._variables)}

    def _command(self, verb: Iterable[str], stack: str) -> list[str]:
        command = ["pulumi", "-C", str(self._work), "--non-interactive", "--color", "never"]
        return [*command, *verb, *(["--stack", stack] if stack else [])]


def reason_of(*said: str) -> str:
    """Find why a command failed in what it printed, first in its errors: one line, "" if nothing.

    It begins where an error is first spoken of; without one the last line has to do.
    """
    for text in said:
        lines = text.splitlines()
        begins = next((at for at, line in enumerate(lines) if "error" in line), None)
        if begins is not None:
            return one_line("\n".join(lines[begins:]))
    lines = [line for text in said for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def _watched(lines: IO[str], log: Path | None) -> Iterator[str]:
    """Pass the engine's lines on, and keep them all, without commands to a terminal."""
    with _kept(log) as keep:
        for line in map(harmless, lines):
            keep(line)
            yield line


@contextmanager
def _kept(log: Path | None) -> Iterator[Callable[[str], object]]:
    if log is None:
        yield lambda _: None
        return
    with log.open("a", encoding="utf-8") as file:
        yield file.write


@contextmanager
def _limited(process: subprocess.Popen[str], seconds: float | None) -> Iterator[threading.Event]:
    """Ask a command to end when its time is up; the event tells whether that was done."""
    cut, over = threading.Event(), threading.Event()

    def watch() -> None:
        if over.wait(seconds):
            return
        cut.set()
        for patience in _PATIENCE:
            process.send_signal(signal.SIGINT)
            if over.wait(patience):
                return
        process.kill()

    watcher = threading.Thread(target=watch, daemon=True)
    if seconds is not None:
        watcher.start()
    try:
        yield cut
    finally:
        over.set()


def _no_engine() -> FactoryError:
    return FactoryError("there is no `pulumi` on PATH -> install the Pulumi CLI, or put it there")
