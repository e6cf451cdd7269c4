"""Who uses what in the labs: by image, version, age and owner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from factory.common import names
from factory.common.versions import Version
from factory.observed.model import ObservedLab, Thing, Use
from factory.observed.responses import uses_of
from factory.plan.reports.usage_report import usage_json, usage_table
from factory.plan.situation.resolution import resolve
from factory.plan.situation.situation import Situation
from factory.plan.usage import usages
from tests.plan.world import DEV, World, changed, dev, lab, settings

FIRST, SECOND = Version(20261122, 1), Version(20261122, 2)


def world() -> World:
    found = dev("linux/a", keep={"newest": 1})
    for number in range(2):
        changed(found, "linux/a", f"s{number}")
        found.run()
    found.now += timedelta(days=90)
    return found


def seen(world: World, uses: Mapping[str, tuple[Use, ...]], *there: Thing) -> Situation:
    images = {each.id.rpartition("/")[2]: each for each in there}
    now = names.image_name("linux/a", SECOND)
    images[now] = Thing(now, {})
    return resolve(world.inputs(labs={"team": ObservedLab("westeurope", images, uses)}))


def test_what_is_used_is_told_with_its_image_its_age_and_its_owner() -> None:
    old, new = (names.image_name("linux/a", each) for each in (FIRST, SECOND))
    situation = seen(
        world(),
        {
            new: (Use("vm", "web-2", "ann@contoso.com", "2026-12-01T00:00:00Z"),),
            old: (Use("formula", "dev-box", "bob"), Use("vm", "web-1")),
            "hand-made": (Use("vm", "x"),),
        },
        Thing("/hand-made", created="2026-02-20T08:00:00Z"),
    )
    found = json.loads(usage_json("dev", situation.now, usages(situation), {}))
    assert found["schema"] == "image-factory/usage/1"
    told = [(e["name"], e["image"], e["version"], e["state"], e["newest"]) for e in found["uses"]]
    assert told == [
        ("x", None, None, "other", None),
        ("dev-box", "linux/a", "20261122.1", "gone", "20261122.2"),
        ("web-1", "linux/a", "20261122.1", "gone", "20261122.2"),
        ("web-2", "linux/a", "20261122.2", "newest", "20261122.2"),
    ]
    assert [each["ageDays"] for each in found["uses"]] == [365, 90, 90, 90]
    assert found["uses"][3]["owner"] == "ann@contoso.com"
    assert found["uses"][3]["since"] == "2026-12-01T00:00:00Z"
    table = usage_table(usages(situation), situation.now)
    assert "web-1    -" in table
    assert "gone, newest is 20261122.2" in table


def test_only_what_is_old_enough_and_what_nobody_knows_the_age_of() -> None:
    new = names.image_name("linux/a", SECOND)
    situation = seen(world(), {new: (Use("vm", "web"),), "unknown": (Use("vm", "x"),)})
    assert [e.use.name for e in usages(situation, timedelta(days=60))] == ["x", "web"]
    assert [e.use.name for e in usages(situation, timedelta(days=120))] == ["x"]


def test_what_is_revoked_is_told_as_such_though_it_is_gone() -> None:
    revoked = {"linux/a": {"versions": [str(FIRST)], "reason": "a hole"}}
    uses = {names.image_name("linux/a", FIRST): (Use("vm", "web"),)}
    found = world()
    found.settings = settings(DEV, [lab("team")], revoke=revoked)
    situation = seen(found, uses)
    assert [each.state for each in usages(situation)] == ["revoked"]


def test_names_and_owners_of_azure_are_printable_whoever_wrote_them() -> None:
    evil = "\x1b[2Jann\u202e"
    vm = {"customImageId": "/customimages/Some-Image", "createdDate": "2026-11-22T00:00:00Z"}
    owned = {"ownerObjectId": "1", "createdByUserId": "1", "createdByUser": evil}
    given = {"ownerObjectId": "2", "createdByUserId": "1", "createdByUser": "ann"}
    formula = {"author": evil, "formulaContent": {"properties": vm}}
    uses = uses_of(
        [
            {"name": evil, "properties": {**vm, **owned}},
            {"name": "given", "properties": {**vm, **given}},
            {"name": "named", "properties": {**vm, **given, "ownerUserPrincipalName": "bob"}},
            {"name": "free", "properties": {**vm, "createdByUser": "ann", "ownerObjectId": ""}},
            {"name": "gallery", "properties": {"galleryImageReference": {}}},
        ],
        [{"name": "f", "properties": formula}],
    )
    (found,) = uses.values()
    assert list(uses) == ["some-image"]
    assert found[0].name == found[0].owner == "\\x1b[2Jann\\u202e"
    assert [each.owner for each in found[1:4]] == ["2", "bob", ""]
    assert (found[4].kind, found[4].owner) == ("formula", found[0].owner)
