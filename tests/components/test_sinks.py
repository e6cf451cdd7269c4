"""No sink shows a secret in any form: what a VM says of it goes everywhere, and is masked first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from factory.common.annotations import annotation
from factory.ledger.history import history_text
from factory.observed.model import ArtifactStatus, BuildVm
from factory.observed.responses import build_vm_of
from factory.pipelines.comment import comment
from factory.pipelines.outcome import judge
from factory.pipelines.run_summary import summary
from factory.pipelines.webhook import slack, teams
from factory.plan.reports.image_story import story
from factory.plan.reports.json_report import plan_json
from factory.plan.reports.markdown import plan_markdown
from factory.plan.reports.table import plan_table
from tests.common.secret_forms import FORMS, PEM, left
from tests.components.harness import FakeArm, declare
from tests.ledger.test_history import exported, updates
from tests.plan.world import World, dev, image

STASH = "pulumi:index:Stash"
SHORT = "Zq-4711/canary+0815&Xw"
FAULT = "its VM could not be provisioned"


@dataclass
class Talking(FakeArm):
    """A verifying VM that says what the build was given: by an artifact, or as its own fault."""

    said: str = ""
    ill: bool = False

    def build_vm(self, vm: str) -> BuildVm | None:
        found = super().build_vm(vm)
        assert found is not None
        # As ARM has it: the deployment of the artifact, JSON in a string.
        error = {"error": {"code": "Failed", "message": f"it printed {self.said}"}}
        properties = {"deploymentStatusMessage": json.dumps(error)}
        told = build_vm_of({"name": "b1", "properties": {"artifacts": [properties]}}).artifacts[0]
        statuses = [ArtifactStatus(s.artifact, s.status, told.message) for s in found.artifacts]
        verifying = any(name == "linux-java" for name, _ in self.applied)
        state = "Failed" if self.ill and verifying else found.provisioning_state
        return BuildVm("b1", {}, state, tuple(statuses))

    def vm_fault(self, _: str) -> str:
        return f"{FAULT}: {self.said}"


def built() -> World:
    made = dev("linux/a")
    given = {"name": "linux-powershell", "parameters": {"key": {"secret": "canary"}}}
    fields: dict[str, Any] = {
        "artifacts": [given],
        "verify": ["linux-java"],
        "retries": "1",
        "keepFailed": "3d",
    }
    made.images["linux/a"] = image("linux/a", **fields)
    return made


def sinks(secret: str, arm: Talking, patch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Give every place that a run which failed tells of it, by name."""
    said: list[str] = []
    for kind in ("info", "warn", "error"):
        patch.setattr(pulumi, kind, lambda text, *_: said.append(text))
    made = built()
    before = made.inputs()
    recorder = declare(before, made.plan(), arm, {"canary": secret})
    (name,) = [each for each in recorder.names(STASH) if each.endswith("/failed")]
    failure = recorder.inputs(STASH, name)["input"]
    assert "***" in failure["error"]
    yield "console", "\n".join(said)
    inputs: Mapping[str, Any] = {
        key: {name: value for name, value in args.inputs.items() if name != "password"}
        for key, args in recorder.resources.items()
    }
    yield "state", json.dumps(inputs)
    made.run(unverified={"linux/a"})
    (urn,) = [each for each in made.resources if each.endswith("/failed")]
    made.resources[urn]["outputs"] = {"output": failure}
    yield "history", history_text(updates(1), exported(made, {}))
    made.images["linux/a"] = image("linux/a")  # so that what failed is told as it goes
    after, plan = made.inputs(), made.plan()
    yield "plan", plan_table(plan)
    yield "plan as a comment", plan_markdown("dev", plan)
    artifact = plan_json(after, plan)
    yield "plan artifact", artifact
    yield "story", story(after, plan, "linux/a", iter(()))
    trouble = f"linux/a refused: {failure['error']}"
    outcome = judge("dev", json.loads(artifact), succeeded=False, troubles=[trouble])
    yield "comment of the pipeline", comment([outcome], 60_000)
    yield "page", summary([outcome])
    told = [(outcome, notice) for notice in outcome.notices]
    yield "card of Teams", json.dumps(teams("x", told, ""))
    yield "card of Slack", json.dumps(slack("x", told, ""))
    for form in ("github", "azure", "text"):
        yield f"annotation on {form}", annotation(form, "error", trouble)


@pytest.mark.parametrize(
    ("secret", "ill"), [(PEM, False), (SHORT, True)], ids=["an artifact a key", "its VM a token"]
)
@pytest.mark.parametrize("form", FORMS)
def test_no_sink_shows_a_secret_of_the_build_that_the_verifying_vm_says(
    form: str, secret: str, monkeypatch: pytest.MonkeyPatch, *, ill: bool
) -> None:
    shown = FORMS[form](secret)
    fate = {} if ill else {"linux-java": "Failed"}
    arm = Talking(fate=fate, said=f"the key {shown} of that", ill=ill)
    found = dict(sinks(secret, arm, monkeypatch))
    whole = left(shown)
    pieces = {whole[at : at + 10] for at in range(len(whole) - 9)}
    for sink, text in found.items():
        plain = left(text)
        assert [each for each in pieces if each in plain] == [], sink
    cause = FAULT if ill else "it printed"
    telling = [sink for sink, text in found.items() if cause in text]
    assert {"console", "state", "history", "plan", "plan artifact"} <= set(telling)
    assert {"comment of the pipeline", "page", "card of Teams", "card of Slack"} <= set(telling)
