"""``ci``: what a pipeline does, so that its YAML says only when and where."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from factory.cli.common.options import Commands, Parser, work_folder
from factory.common.errors import FactoryError
from factory.pipelines.pipeline_files import write_files
from factory.pipelines.service import NONE, Service
from factory.pipelines.stages import read_stages, stages_json, stages_text

_EXITS = """exit codes:
  0  nothing to do, done, not yet (the stack or its source was never brought up), or cut off by
     --minutes (the next run goes on)
  1  an error: the run did not come to a plan
  3  partly failed: the images that are named; all others are as planned
  4  stopped by a guard: nothing was changed
with --exit-codes also:
  2  done; 5 cut off; 6 not yet; 0 is then nothing to do alone

Every step gives the pipeline the variable `result`: nothing-due, done, not-yet, cut-off,
partly-failed, stopped or error. docs/ci.md leads through it."""
_OUT = Path(".ci-out")


def add_to(commands: Commands) -> None:
    """Add the command and its own commands."""
    top: Parser = commands.add_parser(
        "ci",
        help="the steps of a pipeline: order of stacks, previews, comment, runs, drift",
        description="The steps of a pipeline (docs/ci.md).",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = top.add_subparsers(required=True, metavar="STEP", parser_class=Parser)

    def add(name: str, run: Callable[[argparse.Namespace], int], about: str) -> Parser:
        parser = inner.add_parser(
            name,
            help=about,
            description=f"{about[0].upper()}{about[1:]}.",
            epilog=_EXITS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.set_defaults(run=run)
        parser.add_argument("--work", type=Path, metavar="DIR", help="the folder with Pulumi.yaml")
        return parser

    stages = add("stages", _stages, "say in which order the stacks are brought up")
    stages.add_argument("--json", action="store_true", help="print it for machines, on one line")
    write = add("write", _write, "write the jobs of all stacks into the pipeline files")
    write.add_argument("--check", action="store_true", help="only say whether they differ: exit 1")
    add("check", _check, "ask the service what protects main, and say what is open")
    preview = add("preview", _preview, "preview every stack, and keep the plans")
    comment = add("comment", _comment, "make one comment of the plans that `preview` kept")
    comment.add_argument("--post", action="store_true", help="put it on the pull request")
    comment.add_argument("--number", type=int, metavar="N", help="the pull request (this run's)")
    propose = add("propose", _propose, "preview one stack, and say what an approval of it approves")
    run = add("run", _run, "bring one stack up")
    for parser in (propose, run):
        parser.add_argument("-s", "--stack", required=True, metavar="NAME", help="the stack")
    run.add_argument(
        "--approved", default="", metavar="DIGEST", help="stop unless the plan is what this is of"
    )
    run.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="end in good time before the agent is cut off; the next run goes on",
    )
    watch = add("watch", _watch, "report what was changed by hand, and what is in no state")
    for parser in (preview, watch):
        parser.add_argument("-s", "--stack", action="append", metavar="NAME", help="only these")
    for parser in (preview, comment, propose, run, watch):
        parser.add_argument("--out", type=Path, default=_OUT, metavar="DIR", help="what is kept")
    for parser in (preview, propose, run, watch):
        parser.add_argument("--exit-codes", action="store_true", help="tell results apart")
    _add_change(add)


def _add_change(add: Callable[[str, Callable[[argparse.Namespace], int], str], Parser]) -> None:
    change = add("change", _change, "write a change that a person asks for into a stack file")
    change.add_argument("what", choices=("rebuild", "revoke", "roll-back"))
    change.add_argument("-s", "--stack", required=True, metavar="NAME", help="the stack it is for")
    change.add_argument("--image", required=True, metavar="IMAGE", help="a definition")
    change.add_argument(
        "--version", default="", metavar="V", help="of the image: revoke, roll-back"
    )
    change.add_argument("--reason", default="", metavar="TEXT", help="why: revoke")
    change.add_argument(
        "--pull-request", action="store_true", help="push it as a branch, and open a pull request"
    )
    change.add_argument("--base", default="main", metavar="BRANCH", help="which it is for (main)")


def _stages(options: argparse.Namespace) -> int:
    stages = read_stages(work_folder(options.work))
    print(stages_json(stages, indent=None) if options.json else stages_text(stages))
    return 0


def _write(options: argparse.Namespace) -> int:
    work = work_folder(options.work)
    differing = write_files(work, read_stages(work), check=options.check)
    if not differing:
        print("The pipelines have the stacks that there are.")
        return 0
    if options.check:
        msg = (
            f"{', '.join(differing)}: not the stacks that there are -> `python -m factory ci write`"
        )
        raise FactoryError(msg)
    print(f"written: {', '.join(differing)}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from factory.pipelines.protection import open_steps  # noqa: PLC0415 - asks the service

    service = Service(os.environ)
    work = work_folder(options.work)
    found = open_steps(service, work, read_stages(work))
    for line in found:
        service.annotate("warning", f"{line} -> docs/security.md, Branches and approvals")
    if not found:
        print("main, environments and approvals are as docs/security.md has them.")
    return 1 if found else 0


def _preview(options: argparse.Namespace) -> int:
    # These ask Azure, and need what files alone do not.
    from factory.cli.common.ci_job import ci_job, tell, wanted  # noqa: PLC0415
    from factory.pipelines import jobs  # noqa: PLC0415

    with ci_job(options) as (job, service):
        outcomes = jobs.preview(job, wanted(options, job))
        for outcome in outcomes:
            jobs.write_outcome(job, outcome)
        return tell(options, job, service, outcomes, "preview", chat=False)


def _comment(options: argparse.Namespace) -> int:
    from factory.cli.common.ci_job import job_context  # noqa: PLC0415
    from factory.pipelines import jobs  # noqa: PLC0415
    from factory.pipelines.comment import LIMITS, MARK, comment  # noqa: PLC0415
    from factory.pipelines.pull_request import post  # noqa: PLC0415

    service = Service(os.environ)
    job = job_context(options, service)
    outcomes = jobs.read_outcomes(job, [each.stack for each in read_stages(job.work)])
    if not outcomes:
        msg = f"{options.out} has no plans -> `python -m factory ci preview` first"
        raise FactoryError(msg)
    text = comment(outcomes, LIMITS[service.form], service.run_url)
    (options.out / "comment.md").write_text(f"{text}\n", encoding="utf-8")
    if options.post:
        print(f"comment {post(service, text, MARK, options.number)}")
    else:
        print(text)
    return 0


def _propose(options: argparse.Namespace) -> int:
    from factory.cli.common.ci_job import ci_job, tell  # noqa: PLC0415
    from factory.pipelines import jobs  # noqa: PLC0415
    from factory.pipelines.run_summary import proposal  # noqa: PLC0415

    with ci_job(options) as (job, service):
        outcome, approval = jobs.propose(job, options.stack)
        jobs.write_outcome(job, outcome)
        service.set_output("approval", approval)
        page = proposal(outcome) if approval else ""
        return tell(options, job, service, [outcome], options.stack, page=page)


def _run(options: argparse.Namespace) -> int:
    from factory.cli.common.ci_job import ci_job, tell  # noqa: PLC0415
    from factory.pipelines import jobs  # noqa: PLC0415
    from factory.pipelines.approval import check_form  # noqa: PLC0415

    seconds = None if options.minutes is None else options.minutes * 60
    with ci_job(options) as (job, service):
        stages = {each.stack: each for each in read_stages(job.work)}
        if options.approved:
            check_form(options.approved)
        elif service.form != NONE and (stage := stages.get(options.stack)) and stage.approval:
            msg = (
                f"{options.stack} is the end of a line, and no plan of it was approved "
                "(--approved) -> its plan job is in the shipped pipeline files (docs/ci.md)"
            )
            raise FactoryError(msg)
        outcome = jobs.up(job, options.stack, seconds, options.approved)
        jobs.write_outcome(job, outcome)
        return tell(options, job, service, [outcome], options.stack)


def _watch(options: argparse.Namespace) -> int:
    from factory.cli.common.ci_job import ci_job, tell, wanted  # noqa: PLC0415
    from factory.pipelines import jobs  # noqa: PLC0415

    with ci_job(options) as (job, service):
        outcomes = jobs.watch(job, wanted(options, job))
        return tell(options, job, service, outcomes, "watch")


def _change(options: argparse.Namespace) -> int:
    from factory.pipelines.change_request import Proposal, propose  # noqa: PLC0415
    from factory.pipelines.checked_edits import carry_out  # noqa: PLC0415
    from factory.pipelines.stack_edits import StackEdit  # noqa: PLC0415

    now = datetime.now(UTC)
    edit = StackEdit(
        options.what,
        options.image,
        options.version.strip(),
        options.reason.strip(),
        now.isoformat(timespec="minutes").removesuffix("+00:00"),
    )
    file = carry_out(work_folder(options.work), options.stack, edit)
    print(f"written: {file.name}: {edit}")
    if not options.pull_request:
        return 0
    service = Service(os.environ)
    body = options.reason.strip() or "Asked for by hand."
    proposal = Proposal(f"{edit} in {options.stack}", body, options.base)
    number, url = propose(service, file, proposal, now)
    service.set_output("number", str(number))
    print(f"pull request {number}: {url}")
    return 0
