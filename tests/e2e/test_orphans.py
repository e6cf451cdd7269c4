"""What is in no state is listed, and deleted only if it was never released or was named."""

from __future__ import annotations

import json

from tests.e2e.harness import DEV, TEAM_WEB, FactoryUnderTest, lab_path
from tests.e2e.test_cli import cli

GROUP = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory/providers/Microsoft.Compute"
DISK_API = "2024-03-02"


def snapshots(factory: FactoryUnderTest) -> list[str]:
    found = factory.arm("GET", f"{GROUP}/snapshots", DISK_API)["value"]
    return sorted(str(each["name"]) for each in found)


def listed(factory: FactoryUnderTest) -> dict[str, str]:
    ran = cli(factory, "orphans", "--stack", "dev", "--json")
    assert ran.ok, ran.output
    return {each["label"]: each["fate"] for each in json.loads(ran.output)["orphans"]}


def test_orphans_are_shown_and_deleted_only_as_shown(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB])
    factory.must_up("dev")
    assert listed(factory) == {}
    (source,) = snapshots(factory)
    # A snapshot that a build left behind, and a released image whose state was lost.
    found = factory.arm("GET", f"{GROUP}/snapshots/{source}", DISK_API)
    tags = {**found["tags"], "image-factory-version": "20260101.1"}
    body = {
        "location": "westeurope",
        "tags": tags,
        "properties": {
            "creationData": {"createOption": "Copy", "sourceResourceId": found["id"]},
            "incremental": True,
        },
    }
    factory.arm("PUT", f"{GROUP}/snapshots/left-over", DISK_API, body)
    lost = {
        "tags": {**tags, "image-factory-version": "20260102.1", "image-factory-released": "yes"}
    }
    golden = f"{lab_path(DEV, 'team-web')}/customimages/web-golden"
    factory.arm("PATCH", golden, body=lost)
    factory.until(lambda: listed(factory).get("snapshots/left-over") == "delete")
    assert listed(factory)["team-web/web-golden"] == "recover"
    asked = cli(factory, "orphans", "--stack", "dev", "--delete")
    assert asked.code == 1
    assert "nothing was deleted" in asked.output
    assert "left-over" in snapshots(factory)
    done = cli(factory, "orphans", "--stack", "dev", "--delete", "--yes")
    assert done.ok, done.output
    assert "deleted snapshots/left-over" in done.output
    assert snapshots(factory) == [source]
    assert listed(factory) == {"team-web/web-golden": "recover"}
    named = cli(factory, "orphans", "--stack", "dev", "--delete", "--yes", "team-web/web-golden")
    assert named.ok, named.output
    assert listed(factory) == {}
    assert len(factory.holding("team-web")) == 1
