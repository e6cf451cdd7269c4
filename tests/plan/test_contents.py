"""An artifact's own files changed: due, said so; what could not be read changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from factory.definitions.artifact_content import Contents, SourceContent, read_contents
from factory.ledger.state_reader import read_ledger
from factory.observed.model import Observed
from factory.plan.forecast import forecast
from factory.plan.model import Action, Plan
from tests.plan.world import World, dev, image

DAY = timedelta(days=1)
JAVA = ("a" * 40, "1" * 16)
NEWER = ("b" * 40, "2" * 16)


def seen(java: tuple[str, str], *, git: bool = True, azure: bool = True) -> Contents:
    return {
        "public repo": SourceContent(
            commit="c0ffee" if git else "",
            git={"linux-java": java[0], "linux-deprovision": "d" * 40} if git else {},
            azure={"linux-java": java[1]} if azure else {},
        )
    }


@dataclass
class Looking(World):
    """A world in which the artifacts' files are seen as ``contents``."""

    contents: Contents | None = None

    def observed(self, **changes: Any) -> Observed:
        return replace(super().observed(**changes), contents=self.contents or {})


def world(contents: Contents | None) -> Looking:
    plain = dev("linux/a")
    made = Looking(plain.stack, plain.images, plain.settings, contents=contents)
    made.images["linux/a"] = image("linux/a", artifacts=["linux-java"])
    return made


def reason(plan: Plan) -> str:
    return next(step.reason for step in plan.steps if step.action in {Action.BUILD, Action.NOTHING})


def test_a_changed_artifact_makes_a_version_due_once() -> None:
    this = world(seen(JAVA))
    this.run()
    assert reason(this.plan()) == "unchanged and fresh"
    this.contents = seen(NEWER)
    assert reason(this.run()) == ("artifact linux-java changed in public repo (aaaaaaa -> bbbbbbb)")
    assert reason(this.plan()) == "unchanged and fresh"


def test_the_appended_sysprep_or_deprovision_counts_too() -> None:
    this = world(seen(JAVA))
    this.run()
    moved = SourceContent(git={"linux-java": JAVA[0], "linux-deprovision": "e" * 40})
    this.contents = {"public repo": moved}
    assert "artifact linux-deprovision changed" in reason(this.plan())


def test_several_are_named_by_the_first_and_counted() -> None:
    this = world(seen(JAVA))
    this.run()
    moved = SourceContent(git={"linux-java": NEWER[0], "linux-deprovision": "e" * 40})
    this.contents = {"public repo": moved}
    assert reason(this.plan()).endswith("(aaaaaaa -> bbbbbbb), and 1 more")


def test_what_one_side_could_not_read_is_no_reason() -> None:
    this = world(seen(JAVA))
    this.run()
    for blind in ({}, seen(NEWER, git=False, azure=False)):
        this.contents = blind
        assert reason(this.plan()) == "unchanged and fresh"
    # Git decides where both have it: the list may be behind, or hold what is of no account.
    this.contents = seen((JAVA[0], NEWER[1]))
    assert reason(this.plan()) == "unchanged and fresh"
    this.contents = seen(NEWER, git=False)
    assert reason(this.plan()) == (
        "artifact linux-java changed in public repo (1111111 -> 2222222)"
    )


def test_an_old_record_knows_nothing_and_stays_as_it_is() -> None:
    this = world(None)
    this.run()
    for resource in this.resources.values():
        for side in ("input", "output"):
            if isinstance(resource["outputs"].get(side), dict):
                resource["outputs"][side].pop("contents", None)
    record = read_ledger(this.resources).of("linux/a")[0].record
    assert record is not None
    assert "contents" not in record.dump()
    this.contents = seen(JAVA)
    assert reason(this.plan()) == "unchanged and fresh"


def test_the_record_says_what_it_was_built_from() -> None:
    this = world(seen(JAVA))
    this.run()
    record = this.ledger.of("linux/a")[0].record
    assert record is not None
    assert read_contents(record.contents) == seen(JAVA)


def test_a_cut_off_build_does_not_go_on_with_other_files() -> None:
    this = world(seen(JAVA))
    this.run(failing={"linux/a"})
    for resource in [urn for urn in this.resources if "/vm/" in urn]:
        del this.resources[resource]  # cut off before its VM was made
    assert any(step.action is Action.RESUME for step in this.plan().steps)
    this.contents = seen(NEWER)
    assert any(step.action is Action.BUILD for step in this.plan().steps)


def test_in_a_forecast_the_files_stay_as_they_are() -> None:
    this = world(seen(JAVA))
    this.run()
    this.contents = seen(NEWER)
    assert [week.builds for week in forecast([this.inputs()], 3, DAY)] == [1, 0, 0]
