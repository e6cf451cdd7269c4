"""An author tries a branch's definition apart from every lab, and is told what would fail on it."""

from __future__ import annotations

from tests.e2e.harness import TEAM_WEB, FactoryUnderTest
from tests.e2e.test_cli import cli

TRIAL = "trial-linux-a"


def test_a_trial_builds_one_definition_is_checked_online_and_leaves_nothing(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/a", artifacts=["linux-java"])
    factory.define("linux/b")
    factory.configure_dev([TEAM_WEB])
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
