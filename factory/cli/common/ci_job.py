"""What the steps of a pipeline have in common: who signs in, where they work, how they end."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from factory.cli.common.options import work_folder
from factory.common.errors import FactoryError
from factory.pipelines.jobs import JobContext
from factory.pipelines.outcome import Outcome, worst
from factory.pipelines.run_summary import summary
from factory.pipelines.service import Service
from factory.pipelines.sign_in import signed_in
from factory.pipelines.stages import read_stages
from factory.pipelines.webhook import notify


def wanted(options: argparse.Namespace, job: JobContext) -> list[str]:
    """Give the stacks that are meant, in their order: all, or those of ``--stack``.

    Raises :class:`FactoryError` for one that is not there.
    """
    known = [each.stack for each in read_stages(job.work)]
    unknown = sorted(set(options.stack or ()) - set(known))
    if unknown:
        msg = f"--stack {unknown[0]}: there is no such stack -> one of {', '.join(known)}"
        raise FactoryError(msg)
    return [each for each in known if not options.stack or each in options.stack]


def job_context(options: argparse.Namespace, service: Service) -> JobContext:
    """Say where a step works and what it leaves."""
    return JobContext(work_folder(options.work), options.out, service.say)


@contextmanager
def ci_job(options: argparse.Namespace) -> Iterator[tuple[JobContext, Service]]:
    """Sign in for as long as the block runs; what ends it is an annotation of the run too."""
    _forget_unset()
    service = Service(os.environ)
    try:
        with signed_in(os.environ, service.say):
            yield job_context(options, service), service
    except FactoryError as error:
        for line in str(error).splitlines():
            service.annotate("error", line)
        service.set_output("result", "error")
        raise


def _forget_unset() -> None:
    """Forget variables that a pipeline has not: Azure DevOps leaves ``$(NAME)`` in their place."""
    for name, value in list(os.environ.items()):
        if value == f"$({name})" or (not value and name.startswith(("PULUMI_", "IMAGE_FACTORY_"))):
            del os.environ[name]


def tell(
    options: argparse.Namespace,
    job: JobContext,
    service: Service,
    outcomes: Sequence[Outcome],
    name: str,
    *,
    chat: bool = True,
    page: str = "",
) -> int:
    """Tell everybody how it came out (on a ``page`` of its own, if it has one); the exit code."""
    for outcome in outcomes:
        for notice in outcome.notices:
            service.annotate(notice.kind, f"{outcome.stack}: {notice.text}")
    job.out.mkdir(parents=True, exist_ok=True)
    service.summarise(page or summary(outcomes), job.out, name)
    if chat and (fault := notify(os.environ, outcomes, service.run_url)):
        service.annotate("warning", fault)
    result = worst(outcomes)
    service.set_output("result", result.value)
    print(f"result: {result.value}", file=sys.stderr)
    final = next(each for each in outcomes if each.result is result)
    return final.exit_code(distinct=options.exit_codes)
