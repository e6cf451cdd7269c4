"""A receiver that would never receive is told so, by what both stack files say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.common.errors import Problems
from factory.settings.sibling_stacks import read_upstream
from factory.settings.soak_check import Upstream, check_soaking
from tests.plan.world import DEV, PROD, World, dev, image, lab, prod, settings

DAILY = {"refresh": "1d"}


def warnings(
    source: dict[str, Any], target: dict[str, Any], middle: dict[str, Any] | None = None, **f: Any
) -> list[str]:
    upstream = [Upstream("dev", settings(DEV, [lab("team")], **source))]
    if middle is not None:
        upstream.insert(0, Upstream("staging", settings(PROD, [lab("try")], **middle)))
    problems = Problems()
    own = settings(PROD, [lab("finance")], **target)
    images = {"linux/a": image("linux/a", **{**DAILY, **f})}
    check_soaking(images, own, upstream, "Pulumi.prod.yaml", problems)
    assert not problems.errors
    return [str(problem) for problem in problems.warnings]


def test_daily_builds_three_kept_five_days_of_soaking() -> None:
    (told,) = warnings({"keep": "3"}, {"after": "5d"})
    assert told == (
        "Pulumi.prod.yaml: image-factory:after 5d: linux/a is built every 1d and dev keeps the "
        "newest 3, so a version is gone after 3d and none ever arrives here -> keep at least "
        "{newest: 5} in Pulumi.dev.yaml, or let it soak for 3d at most"
    )


@pytest.mark.parametrize(
    ("source", "target", "fields"),
    [
        ({"keep": "5"}, {"after": "5d"}, {}),
        ({"keep": "3"}, {"after": "3d"}, {}),
        ({"keep": "3"}, {}, {}),
        ({"keep": "3", "retireAfter": "2d"}, {"after": "5d"}, {}),
        ({}, {"after": "5d"}, {"keep": "9"}),
        ({"keep": "3"}, {"after": "5d"}, {"refresh": "30d"}),
        ({"keep": "3"}, {"after": "40d"}, {"refresh": {"cron": "0 22 * * TUE#2"}}),
    ],
)
def test_what_arrives_is_not_warned_of(
    source: dict[str, Any], target: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert warnings(source, target, **fields) == []


def test_an_age_limit_starves_as_well_and_so_does_a_stack_in_the_middle() -> None:
    (told,) = warnings({"keep": {"newest": "9", "for": "2d"}}, {"after": "5d"})
    assert "{newest: 5, for: 5d}" in told
    (told,) = warnings({"keep": "9"}, {"after": "6d"}, middle={"after": "2d", "keep": "1"})
    assert "staging keeps the newest 1, so a version is gone after 3d" in told
    (told,) = warnings({"keep": "3"}, {"after": "6d"}, middle={"after": "2d", "keep": "9"})
    assert "dev keeps the newest 3" in told


def test_a_definition_that_no_lab_here_takes_is_not_warned_of() -> None:
    problems = Problems()
    own = settings(PROD, [lab("finance", "windows/**")], after="5d")
    upstream = [Upstream("dev", settings(DEV, [lab("team")]))]
    check_soaking({"linux/a": image("linux/a", **DAILY)}, own, upstream, "x", problems)
    assert not problems.warnings


def play(source: World, target: World, days: int) -> list[str]:
    for _ in range(days):
        target.now = source.now
        source.run(pass_time=timedelta())
        target.run(pass_time=timedelta(days=1))
        source.now = target.now
    return target.released("linux/a")


@pytest.mark.parametrize(("keep", "arrive"), [("3", False), ("5", True)])
def test_what_is_warned_of_is_what_happens(keep: str, arrive: bool) -> None:
    source = dev("linux/a", keep=keep)
    source.images["linux/a"] = image("linux/a", **DAILY)
    target = prod(source, after="5d")
    assert bool(play(source, target, 20)) is arrive
    assert bool(warnings({"keep": keep}, {"after": "5d"})) is not arrive


def test_the_files_beside_the_own_one_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    def write(stack: str, **more: Any) -> None:
        config = {
            "azure-native:location": "West Europe",
            "image-factory:resourceGroup": "rg",
            "image-factory:licence": {"secure": "v1:x"},
            "other:thing": 1,
            **{f"image-factory:{key}": value for key, value in more.items()},
        }
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))

    write("staging", receivesFrom="dev", after="2d", keep={"newest": 4})
    write("dev", factoryLab={"name": "f", "resourceGroup": "g", "create": True}, keep=2)
    (found,) = read_upstream(tmp_path, ["staging"])
    assert [(each.stack, str(each.settings.keep)) for each in found] == [
        ("staging", "newest 4"),
        ("dev", "newest 2"),
    ]
    assert found[0].settings.after == timedelta(days=2)
    (tmp_path / "Pulumi.dev.yaml").write_text(": [")
    (found,) = read_upstream(tmp_path, ["staging"])
    assert [each.stack for each in found] == ["staging"]
    assert read_upstream(tmp_path, ["absent"]) == read_upstream(None, ["staging"]) == []
    assert read_upstream(tmp_path, ["other/project/staging"]) == []
