"""``page``: one site of all labs and images, as files that a browser opens by themselves."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.cli.common.options import (
    Commands,
    Place,
    add_command,
    add_pace,
    place,
    warn,
    work_folder,
)
from factory.cli.common.stack_inputs import Stack
from factory.common.azure_error import ArmError
from factory.common.errors import FactoryError
from factory.common.text_file import replace_text
from factory.ledger.history import events
from factory.page.site import site_files
from factory.page.site_data import site_data
from factory.page.stack_view import StackView, plan_ahead
from factory.pipelines.jobs import JobContext, read_outcomes
from factory.pipelines.stages import read_stages

_EXAMPLE = """  python -m factory page --out site
  python -m factory page --out site --stack prod --ci out

Without --stack it is of all stacks beside Pulumi.yaml. Then open site/index.html; the site asks
nobody for anything. What a stack or a lab does not let be read is told in its place.

exit codes: 0 done, 1 error (not one stack could be read among them)"""
# Which files are the site's: those of a site made before go, if they are not made again.
_LIST = "data/files.json"
_OURS = re.compile(r"index\.html|data/overview\.json|(data/)?(images|labs|runs)/[a-z0-9._-]+")
# Of a log its end is shown.
_LOG = 200_000


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "page",
        _run,
        about="write a site that shows all labs and images",
        example=_EXAMPLE,
        stack_required=False,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write it")
    parser.add_argument(
        "--ci", type=Path, metavar="DIR", help="what `ci run` left: its plan, result and log"
    )
    add_pace(parser, fewest=0)


def _run(options: argparse.Namespace) -> int:
    before = _made_before(options.out)
    if options.stack is None:
        work = work_folder(options.work)
        images = options.images.absolute() if options.images else None
        places = [Place(each.stack, work, None, images) for each in read_stages(work)]
    else:
        places = [place(options)]
    views = [_view(each, options.ci) for each in places]
    plan_ahead(views, options.weeks, options.every)
    found = site_files(site_data(views))
    _write(options.out, found, before)
    print(f"{options.out / 'index.html'}: {len(found)} files, {len(views)} stacks")
    return 0 if any(view.inputs for view in views) else 1


def _view(where: Place, ci: Path | None) -> StackView:
    name = where.stack.rpartition("/")[2]
    job = _job(where, ci) if ci is not None and ci.is_dir() else {}
    try:
        reading = Stack(where).read()
    except (FactoryError, ArmError) as error:
        warn(f"stack {name} was not read: {error}")
        return StackView(name, trouble=str(error), job=job)
    engine = reading.engine
    return StackView(
        name,
        reading.inputs,
        updates=engine.updates(),
        events=events(engine.export(engine.stack_name())),
        job=job,
    )


def _job(where: Place, ci: Path) -> Mapping[str, Any]:
    job = JobContext(where.work, ci, lambda _: None)
    found: dict[str, Any] = {}
    for outcome in read_outcomes(job, [where.stack]):
        notices = [{"kind": each.kind, "text": each.text} for each in outcome.notices]
        found["outcome"] = {"result": outcome.result.value, "notices": notices}
        found["plan"] = outcome.plan or None
    log = job.file(where.stack, "log")
    if log.is_file():
        found["log"] = log.read_text(encoding="utf-8", errors="replace")[-_LOG:]
    return found


def _made_before(out: Path) -> frozenset[str]:
    """Name the files of the site that stands there. Raises :class:`FactoryError`.

    A folder with other things in it is somebody else's: nothing is written among them.
    """
    try:
        listed = json.loads((out / _LIST).read_text(encoding="utf-8"))["files"]
        return frozenset(each for each in map(str, listed) if _OURS.fullmatch(each))
    except (OSError, ValueError, KeyError, TypeError):
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            msg = f"--out {out}: there is something else than a site -> name a new folder"
            raise FactoryError(msg) from None
        return frozenset()


def _write(out: Path, found: Mapping[str, str], before: frozenset[str]) -> None:
    try:
        for name in {*found} | {_LIST}:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
        # First the list: a run that is cut off leaves nothing that the next does not know.
        listed = {"schema": "image-factory/page-files/1", "files": sorted(before | found.keys())}
        replace_text(out / _LIST, json.dumps(listed, indent=1) + "\n")
        for name, text in found.items():
            (out / name).write_text(text, encoding="utf-8")
        for name in before - found.keys():
            (out / name).unlink(missing_ok=True)
        replace_text(out / _LIST, json.dumps({**listed, "files": sorted(found)}, indent=1) + "\n")
    except OSError as error:
        msg = f"--out {out} cannot be written: {error.strerror}"
        raise FactoryError(msg) from None
