"""What the site's documents say, against what the plan, the forecast and the labs say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from factory.common import names
from factory.common.versions import Version
from factory.observed.model import Use
from factory.page.addresses import image_address, lab_address
from factory.page.site_data import SCHEMA, site_data
from factory.page.stack_view import StackView
from factory.plan.forecast import forecast
from tests.page.company import company, views
from tests.plan.world import DEV, PROD, SUBSCRIPTIONS, World, dev, image, lab, prod, settings

ANN = Use("vm", "web-1", "ann@contoso.com", "2026-11-22T09:00:00Z")


@pytest.fixture(scope="module")
def worlds() -> tuple[World, World]:
    return company()


@pytest.fixture(scope="module")
def data(worlds: tuple[World, World]) -> dict[str, dict[str, Any]]:
    uses = {names.image_name("linux/a", Version(20261122, 1)): (ANN,)}
    return site_data(views(*worlds, uses=uses))


def states(data: dict[str, dict[str, Any]]) -> dict[tuple[str, str], tuple[str | None, str]]:
    return {
        (place["lab"], image): (found["version"], found["state"])
        for place in data["overview"]["labs"]
        for image, found in place["holds"].items()
    }


def test_every_view_has_a_document_that_names_its_form(data: dict[str, dict[str, Any]]) -> None:
    assert set(data) == {
        "overview",
        *(f"images/{each}" for each in ("linux--a", "linux--child", "windows--b")),
        *("labs/dev--team-data", "labs/dev--team-web", "labs/prod--finance"),
        *("runs/dev", "runs/prod"),
    }
    assert {document["schema"] for document in data.values()} == {SCHEMA}
    assert json.loads(json.dumps(data)) == data


def test_the_matrix_says_what_each_lab_holds_and_how_it_stands(
    data: dict[str, dict[str, Any]],
) -> None:
    assert states(data) == {
        ("team-data", "linux/a"): ("20261124.1", "newest"),
        ("team-data", "linux/child"): ("20261124.1", "newest"),
        ("team-data", "windows/b"): ("20261124.1", "newest"),
        ("team-web", "linux/a"): ("20261124.1", "newest"),
        ("finance", "linux/a"): ("20261123.1", "behind"),
        ("finance", "linux/child"): ("20261123.1", "behind"),
    }


@pytest.mark.parametrize(
    ("more", "held", "expected"),
    [
        ({"pin": {"linux/a": "20261122.1"}}, 1, "pinned"),
        ({"hold": ["linux/a"]}, 1, "held"),
        ({"after": "30d"}, 1, "behind"),
        ({"after": "30d"}, 0, "missing"),
        ({"retireAfter": "7d", "labs": []}, 1, "marked"),
    ],
)
def test_a_lab_that_has_not_the_newest_is_told_why(
    more: dict[str, Any], held: int, expected: str
) -> None:
    source = dev("linux/a", keep={"newest": 2})
    target = prod(source)
    source.run()
    if held:
        target.run()
    source.now = target.now = source.now + timedelta(days=1)
    source.images["linux/a"] = replace(
        source.images["linux/a"],
        definition=source.images["linux/a"].definition.model_copy(update={"size": "Standard_B2s"}),
    )
    source.run()
    if "labs" in more:
        more = {**more, "labs": [{**lab("finance"), "images": ["windows/**"]}]}
        target.images = {**target.images, "windows/x": source.images["linux/a"]}
    labs = more.pop("labs", [lab("finance")])
    target.settings = settings(PROD, labs, **more)
    found = states(site_data(views(source, target, weeks=0)))
    assert found["finance", "linux/a"] == ("20261122.1" if held else None, expected)


def test_a_revoked_version_is_told_in_every_place_and_nobody_is_told_to_use_it() -> None:
    source = dev("linux/a")
    source.run()
    revoked = {"linux/a": {"versions": ["20261122.1"], "reason": "a hole"}}
    source.settings = settings(DEV, [lab("team")], revoke=revoked, allowNone=["linux/a"])
    found = site_data(views(source, weeks=0))
    assert states(found)["team", "linux/a"] == ("20261122.1", "revoked")
    image = found["images/linux--a"]
    assert image["versions"][0]["stacks"][0]["revoked"] == "a hole"
    assert image["makeVm"]["labs"] == []


def test_what_needs_somebody_is_what_waits_fails_or_stops(
    data: dict[str, dict[str, Any]],
) -> None:
    told = [(each["stack"], each["kind"], each["image"]) for each in data["overview"]["attention"]]
    assert told == [("prod", "approval", "linux/a"), ("prod", "approval", "linux/child")]
    source = dev("linux/a")
    source.run()
    source.settings = settings(
        DEV, [lab("team")], revoke={"linux/a": {"versions": ["20261122.1"], "reason": "a hole"}}
    )
    stopped = views(source)
    gone = StackView("lost", trouble="the subscription may not be read")
    found = site_data([*stopped, gone])
    assert [(each["stack"], each["kind"]) for each in found["overview"]["attention"]] == [
        ("dev", "stopped"),
        ("lost", "stopped"),
    ]
    assert "last good version" in found["runs/dev"]["trouble"]
    # What the labs hold is known all the same.
    assert states(found)["team", "linux/a"] == ("20261122.1", "revoked")


def test_a_build_that_failed_is_told_with_its_error() -> None:
    source = dev("linux/a")
    raw = source.images["linux/a"].definition.model_copy(update={"keep_failed": timedelta(days=7)})
    source.images["linux/a"] = replace(source.images["linux/a"], definition=raw)
    source.run(failing=["linux/a"])
    found = site_data(views(source, weeks=0))
    failed = found["overview"]["attention"]
    assert [(each["kind"], each["image"]) for each in failed] == [("failed", "linux/a")]
    assert failed[0]["why"].startswith("build failed: E42; kept for a look until 2026-11-29")
    assert found["images/linux--a"]["versions"][0]["failure"] == "build failed: E42"


def test_builds_that_failed_and_of_which_nothing_is_kept_are_told_too() -> None:
    source = dev("linux/a")
    source.images["linux/a"] = image("linux/a", verify=["boots"])
    for number in range(2):
        source.run(unverified={"linux/a"})
        found = site_data(views(source, weeks=0))
        (failed,) = found["overview"]["attention"]
        many = ("its last build", "its last 2 builds")[number]
        assert (failed["kind"], failed["image"]) == ("failed", "linux/a")
        assert failed["why"] == f"{many} failed; labs keep what they hold"
        source.now += timedelta(days=1)
    source.run()
    assert site_data(views(source, weeks=0))["overview"]["attention"] == []


def test_what_comes_next_is_the_plan_and_what_time_alone_brings(
    data: dict[str, dict[str, Any]],
) -> None:
    told = [
        (each["nextRun"], each["when"][:10], each["action"], each["image"], each["labs"])
        for each in data["overview"]["next"]
        if each["stack"] == "dev"
    ]
    assert told[0] == (True, "2026-11-25", "build", "linux/a", [])
    assert (True, "2026-11-25", "deliver", "linux/a", ["team-data", "team-web"]) in told
    # The child is built anew 30 days after the build that the next run makes.
    assert (False, "2026-12-25", "build", "linux/child", []) in told


def test_storage_by_lab_and_by_image_sums_up_to_what_the_plan_says(
    worlds: tuple[World, World], data: dict[str, dict[str, Any]]
) -> None:
    whole = sum(world.plan().cost.stored_before_gib for world in worlds)
    storage = data["overview"]["storage"]
    assert storage["gib"] == whole
    assert sum(each["gib"] for each in storage["labs"]) == whole
    assert sum(each["gib"] for each in storage["images"]) == whole
    # eastus2 has one lab: its copy and its managed image of each version are there for it alone.
    held = len(worlds[0].ledger.of("linux/a"))
    shares = {(each["stack"], each["lab"]): each["gib"] for each in storage["labs"]}
    assert shares["dev", "team-web"] == held * 2 * 30
    assert data["labs/dev--team-web"]["storedGib"] == held * 2 * 30


def test_a_lab_will_hold_what_the_forecast_says(
    worlds: tuple[World, World], data: dict[str, dict[str, Any]]
) -> None:
    chain = [world.inputs() for world in worlds]
    weeks = forecast(chain, 12, timedelta(days=1))
    finance = data["labs/prod--finance"]
    later = {each["image"]: tuple(each["later"]) for each in finance["images"]}
    assert later == weeks[-1].holdings["finance"]
    assert [each["storedGib"] for each in data["runs/prod"]["weeks"]] == [
        week.stored_gib for week in weeks
    ]
    team = {each["image"]: each["next"] for each in data["labs/dev--team-web"]["images"]}
    assert team["linux/a"] == "deliver 20261125.1: the lab takes it"


def test_a_version_is_followed_through_the_stacks(data: dict[str, dict[str, Any]]) -> None:
    image = data["images/linux--a"]
    newest, middle, first = image["versions"]
    assert [each["stack"] for each in middle["stacks"]] == ["dev", "prod"]
    assert [each["stack"] for each in newest["stacks"]] == ["dev"]
    assert newest["difference"] == ["definition: base.sku"]
    assert first["difference"] == []
    assert newest["artifacts"] == ["linux-java", "linux-deprovision"]
    assert (newest["commit"], newest["builtBy"]) == ("c0ffee", DEV)
    goes = [each for each in middle["stacks"][0]["goes"] if each["what"] == "retire"]
    assert goes[0]["when"][:10] > "2026-11-25"
    assert goes[0]["why"].startswith("beyond the newest 2")
    child = data["images/linux--child"]
    assert [each["image"] for each in child["lineage"]["parents"]] == ["linux/a"]
    assert [each["image"] for each in image["lineage"]["children"]] == ["linux/child"]
    assert child["versions"][0]["parent"] == "linux/a@20261124.1"


def test_who_uses_it_stands_with_the_image_and_with_the_lab(
    data: dict[str, dict[str, Any]],
) -> None:
    (dev_use,) = data["labs/dev--team-web"]["uses"]
    assert (dev_use["owner"], dev_use["version"], dev_use["old"]) == (ANN.owner, "20261122.1", True)
    assert len(data["images/linux--a"]["uses"]) == 3


def test_a_vm_is_made_from_the_newest_that_a_lab_has(data: dict[str, dict[str, Any]]) -> None:
    made = data["images/linux--a"]["makeVm"]
    places = {(each["stack"], each["lab"]): each for each in made["labs"]}
    assert places["prod", "finance"]["image"] == "linux-a-20261123-1"
    lab_id = f"/subscriptions/{SUBSCRIPTIONS[DEV]}/resourceGroups/rg-team-data"
    lab_id += "/providers/Microsoft.DevTestLab/labs/team-data"
    assert made["portal"] == f"https://portal.azure.com/#resource{lab_id}/overview"
    az, terraform, bicep = ("".join(p["text"] for p in form["parts"]) for form in made["forms"])
    assert "--lab-name 'team-data'" in az
    assert "--image 'linux-a-20261124-1' --image-type custom" in az
    assert f'customImageId         = "{lab_id}/customimages/linux-a-20261124-1"' in terraform
    assert "customImageId: '${lab.id}/customimages/linux-a-20261124-1'" in bicep


def test_addresses_are_plain_and_never_the_same_for_two() -> None:
    names = ["a/b", "a--b", "a-b", "A/b", "a/B", "../../etc/passwd", "x" * 300, "", "ä", "a/b\0"]
    found = [image_address(each) for each in names]
    found += [lab_address("dev", "a"), lab_address("dev--a", ""), lab_address("Dev", "a")]
    assert len({each.lower() for each in found}) == len(found)
    assert all(each.count("/") == 1 and ".." not in each for each in found)
    assert all(len(each) < 200 for each in found)
