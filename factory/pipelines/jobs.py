"""The jobs of a pipeline: preview every stack, run one, watch all. Each tells how it came out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from factory.common.errors import FactoryError, one_line
from factory.common.names import logical_name
from factory.ledger import catalogue as cat
from factory.ledger.stack_outputs import unfolded
from factory.pipelines.approval import approval_of
from factory.pipelines.outcome import Notice, Outcome, Result, judge
from factory.pipelines.plan_file import APPROVED, VARIABLE, read_plan
from factory.pipelines.runner import PREVIEW, EngineRunner, Ran
from factory.plan.explanation.engine_steps import engine_steps, unexplained
from factory.settings.engine_command import is_unknown_stack

_DRIFT = ("refresh", "--preview-only", "--json")
# What Azure writes by itself, and nobody else can: a snapshot's copy goes on after it is declared.
_BY_ITSELF = frozenset({"completionPercent"})
# Build VMs live only while their version is made, and are deleted beside the engine, which forgets
# them in its next run: that one is gone is no drift.
_PASSING = ":VirtualMachine"
_MOST = 10
_AT_ONCE = 4
_SAID = "image-factory: "  # how a command begins to say why it failed
# The engine's own defaults stop at the first failure, and do four things per core at once.
# A plugin is what the agent was given (.ci/prepare), never what a state or an address names.
_DEFAULTS = {
    "PULUMI_CONTINUE_ON_ERROR": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_PARALLEL": "64",
}


@dataclass(frozen=True)
class JobContext:
    """Where jobs work: the folder with Pulumi.yaml, one for what they leave, and who is told.

    In ``out`` each stack has its log, its plan (see ``plan_file``) and its catalogue.
    """

    work: Path
    out: Path
    say: Callable[[str], None]

    def engine(self, plan: Path | None = None, approval: str = "") -> EngineRunner:
        """Give the engine with the variables that a factory wants and did not set.

        ``plan`` is the file to which a run writes its own, ``approval`` what that has to be.
        """
        noted = {} if plan is None else {VARIABLE: str(plan), APPROVED: approval}
        return EngineRunner(self.work, {**_DEFAULTS, **os.environ, **noted}, self.say)

    def file(self, stack: str, kind: str) -> Path:
        """Name a file of a stack, in a folder that is made at need."""
        self.out.mkdir(parents=True, exist_ok=True)
        return (self.out / f"{stack.replace('/', '_')}.{kind}").absolute()


def preview(job: JobContext, stacks: Sequence[str]) -> list[Outcome]:
    """Preview stacks, some at once; nothing is changed, nothing is locked."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda stack: _preview(job, stack), stacks))


def _fresh(job: JobContext, stack: str) -> tuple[Path, Path]:
    """Name the files of plan and log, and clear what an earlier run left of them."""
    found = job.file(stack, "plan.json"), job.file(stack, "log")
    for each in found:
        each.unlink(missing_ok=True)
    return found


def _preview(job: JobContext, stack: str) -> Outcome:
    plan, log = _fresh(job, stack)
    engine = job.engine(plan)
    try:
        engine.check(stack)
    except FactoryError as error:
        return Outcome(stack, Result.ERROR, (Notice("error", str(error)),))
    ran = engine.narrated(PREVIEW, stack, log=log)
    if _is_missing(ran):
        text = f"{_missing(stack)} before this is merged"
        return Outcome(stack, Result.NOT_YET, (Notice("warning", text),))
    return _judged(stack, ran, plan)


def _is_missing(ran: Ran) -> bool:
    return not ran.began and any(map(is_unknown_stack, ran.summary.troubles))


def _missing(stack: str) -> str:
    return (
        f"there is no stack {stack} yet: nothing can be said of it -> `pulumi stack init {stack}` "
        "with your secrets provider (docs/ci.md, step Stacks)"
    )


def propose(job: JobContext, stack: str) -> tuple[Outcome, str]:
    """Preview one stack; gives also what approves its plan, "" where nothing wants an approval."""
    outcome = _preview(job, stack)
    planned = outcome.result in (Result.DONE, Result.PARTLY)
    approval = approval_of(outcome.plan) if planned else ""
    if not approval:
        return outcome, ""
    text = f"its plan wants an approval, as {approval[:12]}"
    notices = (*outcome.notices, Notice("notice", text))
    return replace(outcome, notices=notices), approval


def up(job: JobContext, stack: str, seconds: float | None, approval: str = "") -> Outcome:
    """Bring one stack up; after ``seconds`` it ends, and the next run goes on where it stood.

    With an ``approval`` its plan has to be the one that was approved.
    """
    plan, log = _fresh(job, stack)
    engine = job.engine(plan, approval)
    job.say(f"{stack}: pulumi up")
    try:
        ran = engine.up(stack, log=log, seconds=seconds)
        if _is_missing(ran):
            raise FactoryError(_missing(stack))  # noqa: TRY301 - one end for all that is no run
        outcome = _judged(stack, ran, plan)
        if not ran.cut_off and outcome.plan:
            engine.clear_pending(stack)
    except FactoryError as error:
        return Outcome(stack, Result.ERROR, (Notice("error", str(error)),))
    job.say(f"{stack}: {ran.summary}; {outcome.result.value}")
    _keep_catalogue(job, engine, stack)
    return outcome


def _judged(stack: str, ran: Ran, file: Path) -> Outcome:
    plan = read_plan(file)
    return judge(
        stack,
        plan,
        succeeded=ran.ok,
        cut_off=ran.cut_off,
        troubles=ran.summary.troubles,
        unsaid=unexplained(engine_steps(ran.events), (plan or {}).get("steps", ())),
    )


def _keep_catalogue(job: JobContext, engine: EngineRunner, stack: str) -> None:
    """Keep what the stack offers now; a stack that never came up has nothing yet."""
    try:
        text = engine.run("stack", "output", cat.OUTPUT, "--json", stack=stack)
    except FactoryError:
        return
    told = unfolded({cat.OUTPUT: json.loads(text)})[cat.OUTPUT]
    job.file(stack, "catalogue.json").write_text(json.dumps(told, indent=2), encoding="utf-8")


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
            if is_unknown_stack(str(error)):
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
    engine = job.engine()
    engine.check(stack)
    said = engine.run(*_DRIFT, stack=stack)
    changed = []
    for step in json.loads(said).get("steps", ()):
        if str(step["urn"]).split("::")[2].endswith(_PASSING):
            continue
        if step["op"] == "delete":
            changed.append(f"{logical_name(str(step['urn']))} is gone")
        elif step["op"] == "update" and (fields := _by_hand(step)):
            changed.append(f"{logical_name(str(step['urn']))} was changed ({', '.join(fields)})")
    job.file(stack, "drift.json").write_text(json.dumps(changed, indent=2), encoding="utf-8")
    if not changed:
        return ""
    return (
        f"by hand: {_some(changed)} -> `pulumi refresh -s {stack}`, then `up` makes it good again"
    )


def _by_hand(step: Mapping[str, Any]) -> list[str]:
    """Name the properties that somebody changed; tags that others put on are theirs, and stay."""
    found = [each for each in step.get("diffReasons") or () if each not in _BY_ITSELF]
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    declared = (old.get("inputs") or {}).get("tags") or {}
    there = {
        tag.lower(): text for tag, text in ((new.get("outputs") or {}).get("tags") or {}).items()
    }
    if new and all(there.get(tag.lower()) == text for tag, text in declared.items()):
        found = [each for each in found if each.partition(".")[0].partition("[")[0] != "tags"]
    return found


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
    todo = f"`python -m factory orphans --stack {stack}`"
    return f"in Azure and in no state: {_some(found)} -> {todo}"


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
