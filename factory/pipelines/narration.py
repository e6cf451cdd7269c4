"""The engine's output made quiet: counts while it works, messages as they come, then what failed.

Read from the text of `pulumi up --non-interactive --suppress-progress --color never`, which looks
like this (type, name, what is done, and then perhaps a message):

     +  azure-native:compute:Snapshot source creating (0s)
     +  azure-native:compute:Snapshot source **creating failed** error: refused
     +  imagefactory:index:Build windows/2022 created (0.1s) artifact 2 of 7 is applied
        pulumi:pulumi:Stack image-factory-dev running nothing to build
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from factory.common.errors import one_line
from factory.common.names import STACK_TYPE
from factory.pipelines.event_log import about

_STEP = re.compile(r"^[ +\-~=<>]{4}(?P<type>[\w-]+:[\w./-]+:[\w./-]+) (?P<name>\S+) (?P<rest>.*)$")
_STATUS = re.compile(r"^(?P<verb>[a-z][a-z -]*?) \([\dm.]+s\)(?: \[[^\]]*\])?(?: (?P<text>.*))?$")
_MESSAGE = re.compile(r"^(?:running)? (?P<text>\S.*)$")
_COUNT = re.compile(r"^ +(?:[+\-~=<>*]+ ?)?(?P<number>\d+) (?P<what>[a-z][a-z -]*)$")
_TALLY = re.compile(r"\d+ (?:message|warning|error)s?(?:; .*)?")
_TROUBLE = re.compile(r"(?:error|warning|Traceback)\b")
_BEGINS = ("error:", "warning:")
_COUNTED = "azure-native:"
_COUNT_SECONDS = 5.0


@dataclass
class Summary:
    """What a run of the engine came to: counts by what was done."""

    counts: dict[str, int] = field(default_factory=dict)
    """As the engine names them: created, updated, deleted, replaced, unchanged, errored."""
    messages: list[str] = field(default_factory=list)
    """What the program said for the stack as a whole, its plan among it; first lines only."""
    troubles: list[str] = field(default_factory=list)
    """Every error as one line, with the name of the resource that it is about."""

    def __str__(self) -> str:
        return ", ".join(f"{number} {what}" for what, number in self.counts.items()) or "nothing"


class Narrator:
    """Turns the engine's lines into few lines for a person."""

    def __init__(
        self, title: str, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the stack's name, where lines go, and a clock in seconds."""
        self._title = title
        self._say = say
        self._clock = clock
        self._began = clock()
        self._next_count = self._began + _COUNT_SECONDS
        self._under_way: set[str] = set()
        self._done = 0
        self._section = ""
        self._block: list[str] = []
        self._error: list[str] = []
        self._newest = ""
        self.summary = Summary()

    def read(self, lines: Iterable[str]) -> Summary:
        """Read to the end of the output."""
        for line in lines:
            self._line(line.rstrip("\n"))
        self._end_block()
        self._end_error()
        return self.summary

    def _line(self, line: str) -> None:
        header = re.fullmatch(r"(Diagnostics|Outputs|Resources|Policies):", line)
        if self._goes_on(line, is_header=header is not None):
            self._error.append(line)
            self._say(line)
            return
        self._end_error()
        if header:
            self._end_block()
            self._section = header[1]
        elif self._section == "Diagnostics":
            self._diagnostic(line)
        elif self._section == "Resources":
            count = _COUNT.match(line)
            if count:
                self.summary.counts[count["what"]] = int(count["number"])
        elif line.startswith(_BEGINS):
            if line.startswith("error:"):
                self._error = [line]
            self._say(f"{self._title}: {line}")
        elif self._section != "Outputs":
            self._step(line)

    def _goes_on(self, line: str, *, is_header: bool) -> bool:
        """Tell whether a line belongs to an error of the run as a whole, outside of all blocks."""
        if not self._error or is_header or line.startswith(_BEGINS):
            return False
        return bool(line.strip()) and _STEP.match(line) is None

    def _end_error(self) -> None:
        if self._error:
            self._note("", self._error)
        self._error = []

    def _step(self, line: str) -> None:
        found = _STEP.match(line)
        if found is None:
            return
        status = _STATUS.match(found["rest"])
        message = status or _MESSAGE.match(found["rest"])
        if found["type"].startswith(_COUNTED):
            self._count(found["name"], status["verb"] if status else found["rest"])
        text = (message["text"] if message else None) or ""
        if text and not text.startswith(_BEGINS) and not _TALLY.fullmatch(text):
            self._hear(text, of_stack=found["type"] == STACK_TYPE)
        now = self._clock()
        if now >= self._next_count:
            self._next_count = now + _COUNT_SECONDS
            self._say(self._progress(now))

    def _count(self, name: str, verb: str) -> None:
        if verb.endswith("ing"):
            self._under_way.add(name)
        elif "failed**" in verb:
            self._under_way.discard(name)
        elif verb.strip():
            self._under_way.discard(name)
            self._done += 1

    def _hear(self, text: str, *, of_stack: bool) -> None:
        """Say what concerns the stack at once; of the rest the newest goes with the counts."""
        if not of_stack:
            self._newest = text
        elif text not in self.summary.messages:  # shown again whenever the stack's line changes
            self.summary.messages.append(text)
            self._say(f"{self._title}: {text}")

    def _progress(self, now: float) -> str:
        counts = f"{self._done} done, {len(self._under_way)} under way"
        newest = f"; {self._newest}" if self._newest else ""
        return f"{self._title}: {now - self._began:.0f} s, {counts}{newest}"

    def _diagnostic(self, line: str) -> None:
        # A block begins with "  type (name):"; its lines stand deeper.
        if re.match(r"^ {2}\S", line):
            self._end_block()
        self._block.append(line)

    def _end_block(self) -> None:
        """Say a block of diagnostics if it holds errors or warnings, without what was said live."""
        lines = [line for line in self._block if line.strip()]
        self._block = []
        told: list[str] = []
        said_live = False
        for line in lines[1:]:
            text = line.strip()
            if _TROUBLE.match(text):
                said_live = False
            elif text in self.summary.messages:
                said_live = True  # and so are the lines under it, up to the next trouble
            if not said_live and text != "error: update failed":
                told.append(line)
        for each in _apart(told):
            self._note(lines[0], each)
        if any(_TROUBLE.match(line.strip()) for line in told):
            for line in (lines[0], *told):
                self._say(line)

    def _note(self, heading: str, lines: Sequence[str]) -> None:
        """Keep an error; ``heading`` names the resource: ``  type (name):``, "" for the run."""
        if not lines[0].strip().startswith("error:"):
            return
        named = re.fullmatch(r"\s*(?P<type>\S+) \((?P<name>.+)\):", heading)
        of = named["name"] if named and named["type"] != STACK_TYPE else ""
        told = about(of, one_line("\n".join(lines).strip().removeprefix("error:")))
        if told not in self.summary.troubles:
            self.summary.troubles.append(told)


def _apart(lines: Iterable[str]) -> list[list[str]]:
    """Part the lines of a block where an error or a warning begins; what follows it is of it."""
    found: list[list[str]] = []
    for line in lines:
        if found and not line.strip().startswith(_BEGINS):
            found[-1].append(line)
        else:
            found.append([line])
    return found
