"""The jobs of a pipeline: preview every stack, run one, watch all. Each tells how it came out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from factory.common.errors import FactoryError, one_line
from factory.ledger import catalogue as cat
from factory.pipelines.outcome import Notice, Outcome, Result, judge
from factory.pipelines.plan_file import VARIABLE, read_plan
from factory.pipelines.runner import PREVIEW, EngineRunner, Ran, read_events
from factory.plan.explanation.engine_steps import engine_steps, unexplained

_DRIFT = ("refresh", "--preview-only", "--json")
# What Azure writes by itself, and nobody else can: a snapshot's copy goes on after it is declared.
_BY_ITSELF = frozenset({"completionPercent"})
# Build VMs live only while their version is made, and are deleted beside the engine, which forgets
# them in its next run: that one is gone is no drift.
_PASSING = ":VirtualMachine"
_MOST = 10
_AT_ONCE = 4
_SAID = "image-factory: "  # how a command begins to say why it failed
_NO_STACK = "no stack named"
# The engine's own defaults stop at the first failure, and do four things per core at once.
_DEFAULTS = {"PULUMI_CONTINUE_ON_ERROR": "true", "PULUMI_PARALLEL": "64"}


@dataclass(frozen=True)
class RunFiles:
    """What a run of one stack writes: its plan, its log, and the engine's events."""

    plan: Path
    log: Path
    events: Path


@dataclass(frozen=True)
class JobContext:
    """Where jobs work: the folder with Pulumi.yaml, one for what they leave, and who is told.

    In ``out`` each stack has its log, its plan (see ``plan_file``) and its catalogue.
    """

    work: Path
    out: Path
    say: Callable[[str], None]

    def engine(self, files: RunFiles | None = None) -> EngineRunner:
        """Give the engine with the variables that a factory wants and did not set.

        ``files`` are those to which a run writes.
        """
        noted = {} if files is None else {VARIABLE: str(files.plan)}
        events = None if files is None else files.events
        return EngineRunner(self.work, {**_DEFAULTS, **os.environ, **noted}, self.say, events)

    def file(self, stack: str, kind: str) -> Path:
        """Name a file of a stack, in a folder that is made at need."""
        self.out.mkdir(parents=True, exist_ok=True)
        return (self.out / f"{stack.replace('/', '_')}.{kind}").absolute()


def preview(job: JobContext, stacks: Sequence[str]) -> list[Outcome]:
    """Preview stacks, some at once; nothing is changed, nothing is locked."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda stack: _preview(job, stack), stacks))


def _fresh(job: JobContext, stack: str) -> RunFiles:
    """Name the files of a run, and clear what an earlier one left of them."""
    found = [job.file(stack, kind) for kind in ("plan.json", "log", "events.json")]
    for each in found:
        each.unlink(missing_ok=True)
    return RunFiles(*found)


def _preview(job: JobContext, stack: str) -> Outcome:
    files = _fresh(job, stack)
    ran = job.engine(files).narrated(PREVIEW, stack, log=files.log)
    if _is_missing(ran):
        text = f"{_missing(stack)} before this is merged"
        return Outcome(stack, Result.NOT_YET, (Notice("warning", text),))
    return _judged(stack, ran, files)


def _is_missing(ran: Ran) -> bool:
    return any(_NO_STACK in trouble for trouble in ran.summary.troubles)


def _missing(stack: str) -> str:
    return (
        f"there is no stack {stack} yet: nothing can be said of it -> `pulumi stack init {stack}` "
        "with your secrets provider (docs/ci.md, step Stacks)"
    )


def up(job: JobContext, stack: str, seconds: float | None) -> Outcome:
    """Bring one stack up; after ``seconds`` it ends, and the next run goes on where it stood."""
    files = _fresh(job, stack)
    engine = job.engine(files)
    job.say(f"{stack}: pulumi up")
    try:
        ran = engine.up(stack, log=files.log, seconds=seconds)
        if _is_missing(ran):
            raise FactoryError(_missing(stack))  # noqa: TRY301 - one end for all that is no run
        outcome = _judged(stack, ran, files)
        if not ran.cut_off and outcome.plan:
            engine.clear_pending(stack)
    except FactoryError as error:
        return Outcome(stack, Result.ERROR, (Notice("error", str(error)),))
    job.say(f"{stack}: {ran.summary}; {outcome.result.value}")
    _keep_catalogue(job, engine, stack)
    return outcome


def _judged(stack: str, ran: Ran, files: RunFiles) -> Outcome:
    plan, steps = read_plan(files.plan), engine_steps(read_events(files.events))
    files.events.unlink(missing_ok=True)  # it holds all that is declared, and is read now
    return judge(
        stack,
        plan,
        succeeded=ran.ok,
        cut_off=ran.cut_off,
        troubles=ran.summary.troubles,
        unsaid=unexplained(steps, (plan or {}).get("steps", ())),
    )


def _keep_catalogue(job: JobContext, engine: EngineRunner, stack: str) -> None:
    """Keep what the stack offers now; a stack that never came up has nothing yet."""
    try:
        text = engine.run("stack", "output", cat.OUTPUT, "--json", stack=stack)
    except FactoryError:
        return
    job.file(stack, "catalogue.json").write_text(text, encoding="utf-8")


def watch(job: JobContext, stacks: Sequence[str]) -> list[Outcome]:
    """Look for what was changed or deleted by hand, and for what is in no state; nothing is saved.

    What cannot be read is told as an error, and never as something that is gone.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda stack: _watch(job, stack), stacks))


def _watch(job: JobContext, stack: str) -> Outcome:
    notices: list[Notice] = []
    result = Result.NOTHING
    for look in (_drift, _orphans):
        try:
            found = look(job, stack)
        except FactoryError as error:
            if _NO_STACK in str(error):
                return Outcome(stack, Result.NOT_YET, (Notice("warning", _missing(stack)),))
            notices.append(Notice("error", str(error)))
            result = Result.ERROR
            continue
        if found:
            notices.append(Notice("warning", found))
            result = max(result, Result.DONE, key=list(Result).index)
    job.say(f"{stack}: {'; '.join(each.text for each in notices) or 'as it was left'}")
    return Outcome(stack, result, tuple(notices))


def _drift(job: JobContext, stack: str) -> str:
    """Compare the state with Azure; "" if nobody changed anything. Raises FactoryError."""
    said = job.engine().run(*_DRIFT, stack=stack)
    changed = []
    for step in json.loads(said).get("steps", ()):
        if str(step["urn"]).split("::")[2].endswith(_PASSING):
            continue
        if step["op"] == "delete":
            changed.append(f"{_name(step['urn'])} is gone")
        elif step["op"] == "update" and not _BY_ITSELF.issuperset(step.get("diffReasons") or ()):
            fields = ", ".join(step.get("diffReasons") or ())
            changed.append(f"{_name(step['urn'])} was changed ({fields})")
    job.file(stack, "drift.json").write_text(json.dumps(changed, indent=2), encoding="utf-8")
    if not changed:
        return ""
    return (
        f"by hand: {_some(changed)} -> `pulumi refresh -s {stack}`, then `up` makes it good again"
    )


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _some(things: Sequence[str]) -> str:
    more = f" and {len(things) - _MOST} more" if len(things) > _MOST else ""
    return f"{', '.join(things[:_MOST])}{more}"


def _orphans(job: JobContext, stack: str) -> str:
    """Ask for orphans in a process of its own: the engine's SDK knows one stack per process.

    "" if there are none. Raises FactoryError.
    """
    command = [sys.executable, "-m", "factory", "orphans", "--json", "--stack", stack]
    done = subprocess.run(
        [*command, "--work", str(job.work)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    if done.returncode != 0:
        said = done.stderr.partition(_SAID)[2] or done.stderr
        raise FactoryError(one_line(said) or "the orphans could not be listed")
    job.file(stack, "orphans.json").write_text(done.stdout, encoding="utf-8")
    found = [f"{each['label']} ({each['fate']})" for each in json.loads(done.stdout)["orphans"]]
    if not found:
        return ""
    return f"in Azure and in no state: {_some(found)} -> `factory orphans --stack {stack}`"


def read_outcomes(job: JobContext, stacks: Sequence[str]) -> list[Outcome]:
    """Read what :func:`preview` has left, in the order of stacks."""
    found = []
    for stack in stacks:
        file = job.file(stack, "outcome.json")
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        notices = tuple(Notice(**each) for each in entry["notices"])
        plan = read_plan(job.file(stack, "plan.json")) or {}
        found.append(replace(Outcome(stack, Result(entry["result"]), notices), plan=plan))
    return found


def write_outcome(job: JobContext, outcome: Outcome) -> None:
    """Leave how a stack came out, for later steps and for whoever fetches the files."""
    entry = {
        "stack": outcome.stack,
        "result": outcome.result.value,
        "notices": [{"kind": each.kind, "text": each.text} for each in outcome.notices],
    }
    text = json.dumps(entry, indent=2) + "\n"
    job.file(outcome.stack, "outcome.json").write_text(text, encoding="utf-8")
