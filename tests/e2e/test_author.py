"""An author tries a branch's definition apart from every lab, and is told what would fail on it."""

from __future__ import annotations

import json

from tests.e2e.harness import TEAM_WEB, FactoryUnderTest
from tests.e2e.test_cli import cli

TRIAL = "trial-linux-a"
WINDOWS = {"name": "windows-git", "os": "windows"}
POLICIES = """policies:
  - name: no-java
    on: image
    level: {level}
    rule: '!image.artifacts.exists(each, each.name == "linux-java")'
    message: java is none of ours
"""


def test_a_trial_builds_one_definition_is_checked_online_and_leaves_nothing(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/a", artifacts=["linux-java"])
    factory.define("linux/b")
    rules = factory.root / "policies.yaml"
    rules.write_text(POLICIES.format(level="advisory"))
    factory.configure_dev(
        [TEAM_WEB],
        always={"first": [{"name": "linux-swapfile", "os": "linux"}, WINDOWS]},
        policies=str(rules),
    )
    before = set(factory.labs())
    written = cli(factory, "trial", "linux/a", "--stack", "dev")
    assert written.code == 0, written.output
    for words in (f"stack init {TRIAL}", f"up -s {TRIAL} --yes --skip-preview"):
        assert f" {words.split(' --')[0]}" in written.output
        ran = factory.engine(*words.split())
        assert ran.ok, ran.output

    labs = factory.labs()
    assert set(labs) - before == {TRIAL}
    assert [image["name"].rsplit("-", 2)[0] for image in labs[TRIAL]["customImages"]] == ["linux-a"]
    assert factory.holding("team-web") == []
    assert_built_by_the_rules(factory, ran.output)
    rules.write_text(POLICIES.format(level="mandatory"))
    preview = factory.preview(TRIAL)
    assert not preview.ok
    assert f"{rules}:5:5, mandatory): java is none of ours" in preview.output
    assert "Traceback" not in preview.output
    rules.write_text("policies: []\n")

    sound = cli(factory, "validate", "--stack", TRIAL, "--online")
    assert sound.code == 0, sound.output
    assert "permissions" not in sound.output
    assert_told_and_refused(factory)

    assert f" destroy -s {TRIAL} && pulumi" in written.output
    assert f" stack rm {TRIAL}" in written.output
    for words in (f"destroy -s {TRIAL} --yes", f"stack rm {TRIAL} --yes"):
        ran = factory.engine(*words.split())
        assert ran.ok, ran.output
    assert set(factory.labs()) == before
    assert not (factory.home.work / f"Pulumi.{TRIAL}.yaml").exists()


def assert_built_by_the_rules(factory: FactoryUnderTest, said: str) -> None:
    """A trial takes over what every image gets; an advisory rule only warns."""
    assert "images/linux/a.yaml" in said
    assert "policies.yaml:5:5, advisory): java is none of ours" in said
    (record,) = [
        each["inputs"]["input"]
        for each in factory.resources(TRIAL)
        if each["urn"].endswith("/record")
    ]
    names = [each["name"] for each in json.loads(record["shape"])["artifacts"]]
    assert names == ["linux-swapfile", "linux-java", "linux-deprovision"]


def assert_told_and_refused(factory: FactoryUnderTest) -> None:
    """What Azure knows better is told by validate, and refused before a VM is made."""
    wrong = [
        "linux-jav",
        "windows-git",
        {"name": "linux-apt-package", "parameters": {"update": "maybe", "packges": "jq"}},
    ]
    factory.define(
        "linux/a",
        artifacts=wrong,
        base={"publisher": "Canonical", "offer": "no", "sku": "such", "version": "1.2.3"},
    )
    told = cli(factory, "validate", "--stack", TRIAL, "--online", "--json")
    assert told.code == 1, told.output
    for part in (
        "artifact linux-jav: 'public repo' has none of that name",
        "did you mean linux-java?",
        "artifact windows-git is for Windows, the image is Linux",
        "packges is not a parameter",
        "did you mean packages?",
        "parameter packages needs a value",
        "parameter update takes one of true, false, got 'maybe'",
        "the marketplace of westeurope has no Canonical:no:such:1.2.3",
    ):
        assert part in told.output, told.output
    factory.define("linux/a", artifacts=wrong)
    preview = factory.preview(TRIAL)
    assert preview.ok, preview.output
    assert "warning: linux/a refused: artifact linux-jav" in preview.output
    assert f"(and 4 more: `python -m factory validate --stack {TRIAL} --online`)" in preview.output
    assert "Traceback" not in preview.output
    # What is wrong in the text itself is told by the preview in the words of `validate`.
    factory.define("linux/a", artifcts=wrong)
    preview = factory.preview(TRIAL)
    assert not preview.ok
    assert "artifcts: is not a known field -> did you mean artifacts?" in preview.output
    assert "Traceback" not in preview.output
