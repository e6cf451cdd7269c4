"""What the service asks of people before a change runs: which of docs/security.md's steps are open.

Nothing in a repository can ask for its own protection, so a job can only look and tell.
https://docs.github.com/rest/repos/rules, https://docs.github.com/rest/deployments/environments,
https://learn.microsoft.com/rest/api/azure/devops/approvalsandchecks/check-configurations
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from factory.common.errors import FactoryError
from factory.pipelines.http_client import Api
from factory.pipelines.pull_request import azure_api, github_api, needed
from factory.pipelines.service import GITHUB, NONE, Service
from factory.pipelines.stages import Stage

_WHAT = "the protection of this repository"
_REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
"""The type of the policy *Minimum number of reviewers*, the same in every organization."""
_MAIN, _PULLS = "refs/heads/main", "refs/pull/*/merge"
_CONNECTION = "image-factory-"
_BRANCH_CONTROL = "evaluatebranchprotection"
# Where actions and container images are named: `uses: a/b@COMMIT`, `image: a/b@sha256:DIGEST`.
_RUN_BY = (".github/**/*.y*ml", ".azure/*.yml", "azure-pipelines.yml", "Pulumi.*.deploy.yaml")
_RUN = re.compile(r"\b(uses|image|container|reference): +[\"']?([^\s\"'{}]+)")
_PINS = (re.compile(r"@sha256:[0-9a-f]{64}$"), re.compile(r"@[0-9a-f]{40}$"))
Ask = Callable[[str], Any]


def open_steps(service: Service, work: Path, stages: Sequence[Stage]) -> list[str]:
    """Ask the service, and give a line for everything that is open; none if all is set.

    Raises :class:`FactoryError` if it cannot be asked.
    """
    if service.form == NONE:
        msg = (
            "neither GitHub nor Azure DevOps runs this -> run it in a pipeline, or see its settings"
        )
        raise FactoryError(msg)
    if service.form == GITHUB:
        api, base = github_api(service, _WHAT)
        with api:
            found = list(on_github(_asks(api, base), stages))
        if not (work / ".github/CODEOWNERS").is_file():
            found.append("there is no .github/CODEOWNERS: nobody owns what main says")
        return [*found, *unpinned(work)]
    api, _ = azure_api(service, _WHAT)
    place = [
        needed(service, name, "run this in a pipeline")
        for name in ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT")
    ]
    with api:
        found = list(on_azure(_asks(api, f"{place[0]}{quote(place[1])}/_apis"), stages))
    return [*found, *unpinned(work)]


def unpinned(work: Path) -> Iterator[str]:
    """Name what a pipeline or Pulumi Deployments would run by a name that others may move."""
    if not (work / ".pulumi.sums").is_file():
        yield "there is no .pulumi.sums: no agent gets a Pulumi CLI (`python3 .ci/engine.py sums`)"
    for path in sorted({path for pattern in _RUN_BY for path in work.glob(pattern)}):
        for kind, name in _RUN.findall(path.read_text(encoding="utf-8")):
            if not name.startswith(("./", "${{")) and not _PINS[kind == "uses"].search(name):
                wanted = "its commit" if kind == "uses" else "its digest, @sha256:..."
                yield f"{path.relative_to(work)}: {name} may be another one tomorrow: name {wanted}"


def _asks(api: Api, base: str) -> Ask:
    def ask(path: str) -> Any:
        try:
            return api.call("GET", f"{base}/{path}")
        except FactoryError as error:
            if " said 404" in str(error):
                return None
            raise

    return ask


def on_github(ask: Ask, stages: Sequence[Stage]) -> Iterator[str]:
    """Judge a repository of GitHub: the rules of main, the environments of the stacks."""
    rules = {
        each["type"]: each.get("parameters") or {} for each in ask("rules/branches/main") or ()
    }
    review = rules.get("pull_request")
    if review is None:
        yield "main: nobody has to review what is merged (no ruleset with pull_request)"
    else:
        if not review.get("required_approving_review_count"):
            yield "main: a pull request needs no approval"
        for key, what in (
            ("require_code_owner_review", "anybody's approval is enough, an owner's is not asked"),
            ("require_last_push_approval", "who pushed last may approve it himself"),
            ("dismiss_stale_reviews_on_push", "an approval holds for what is pushed after it"),
        ):
            if not review.get(key):
                yield f"main: {what} ({key})"
    for rule in ("non_fast_forward", "required_status_checks"):
        if rule not in rules:
            yield f"main: no rule {rule}"
    for stage in stages:
        for fault in _of_environment(ask, stage):
            yield f"environment {stage.stack}: {fault}"


def _of_environment(ask: Ask, stage: Stage) -> Iterator[str]:
    name = quote(stage.stack, safe="")
    found = ask(f"environments/{name}")
    if found is None:
        yield "is not there: GitHub makes it without any rule"
        return
    policy = found.get("deployment_branch_policy")
    if policy is None:
        yield "every branch may name it"
    elif policy.get("custom_branch_policies"):
        listed = ask(f"environments/{name}/deployment-branch-policies") or {}
        names = sorted(str(each["name"]) for each in listed.get("branch_policies") or ())
        if names != ["main"]:
            yield f"{', '.join(names) or 'no branch'} may name it, not main alone"
    if not stage.approval:
        return
    reviews = [
        each
        for each in found.get("protection_rules") or ()
        if each.get("type") == "required_reviewers"
    ]
    if not any(each.get("reviewers") for each in reviews):
        yield "is the end of a line, and wants no approval"
    elif not all(each.get("prevent_self_review") for each in reviews):
        yield "who started a run may approve it himself (prevent_self_review)"


def on_azure(ask: Ask, stages: Sequence[Stage]) -> Iterator[str]:
    """Judge a project of Azure DevOps: the policy of main, checks of environments, connections."""
    policies = [
        each["settings"]
        for each in (ask("policy/configurations?api-version=7.1") or {}).get("value") or ()
        if each["type"]["id"] == _REVIEWERS and each.get("isEnabled") and each.get("isBlocking")
    ]
    own = [each for each in policies if _is_of_main(each)]
    if not any(each.get("minimumApproverCount") for each in own):
        yield "main: nobody has to review what is merged (Minimum number of reviewers)"
    elif not any(
        not each.get("creatorVoteCounts") and each.get("resetOnSourcePush") for each in own
    ):
        yield "main: an approval by the author, or of what was there before a push, counts"
    listed = (ask("distributedtask/environments?api-version=7.1") or {}).get("value") or ()
    environments = {str(each["name"]): each["id"] for each in listed}
    listed = (ask("serviceendpoint/endpoints?api-version=7.1") or {}).get("value") or ()
    connections = {str(each["name"]): each["id"] for each in listed}
    ends = {each.stack for each in stages if each.approval}
    for kind, said, place, there in (
        *(("environment", "environment", each.stack, environments) for each in stages),
        *(("endpoint", "connection", f"{_CONNECTION}{each.stack}", connections) for each in stages),
        ("endpoint", "connection", f"{_CONNECTION}preview", connections),
    ):
        if place not in there:
            yield f"{said} {place}: is not there"
            continue
        query = f"resourceType={kind}&resourceId={there[place]}&$expand=settings"
        answer = ask(f"pipelines/checks/configurations?{query}&api-version=7.1") or {}
        checks = answer.get("value") or ()
        # What only reads is for pull requests, too.
        may = {_MAIN, _PULLS} if place == f"{_CONNECTION}preview" else {_MAIN}
        if not any(_branches(each) and _branches(each) <= may for each in checks):
            yield f"{said} {place}: every branch may name it (Branch control)"
        if kind == "environment" and place in ends:
            yield from (f"{said} {place}: {fault}" for fault in _of_approvals(checks))


def _of_approvals(checks: Sequence[Any]) -> Iterator[str]:
    found = [each.get("settings") or {} for each in checks if _kind(each) == "approval"]
    if not any(each.get("approvers") for each in found):
        yield "is the end of a line, and wants no approval"
    elif not all(each.get("requesterCannotBeApprover") for each in found):
        yield "who started a run may approve it himself (requesterCannotBeApprover)"


def _kind(check: Any) -> str:
    return str((check.get("type") or {}).get("name", "")).lower()


def _branches(check: Any) -> set[str]:
    """Give the branches that a check allows; none if it is no branch control."""
    settings = check.get("settings") or {}
    name = str((settings.get("definitionRef") or {}).get("name", "")).lower()
    allowed = str((settings.get("inputs") or {}).get("allowedBranches") or "")
    return {each.strip() for each in allowed.split(",")} if name == _BRANCH_CONTROL else set()


def _is_of_main(settings: Any) -> bool:
    """Tell whether a policy holds on main; one without scopes holds everywhere."""
    scopes = settings.get("scope") or [{}]
    return any(each.get("refName") in (None, _MAIN) for each in scopes)
