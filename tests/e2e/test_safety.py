"""`pulumi destroy` refuses protected images, the plan still retires them; orphans are found."""

from __future__ import annotations

import json

import pytest

from tests.e2e.harness import DEV, FINANCE, TEAM_WEB, FactoryUnderTest, lab_path
from tests.e2e.leftovers import check_nothing_is_left, leaves
from tests.e2e.test_accidents import JAVA
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


def orphans_go_only_as_shown(factory: FactoryUnderTest) -> None:
    """What a build left behind goes, a released image that the state lost only by its name."""
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
    the_end_of_a_test_tells_of_orphans(factory)
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


def the_end_of_a_test_tells_of_orphans(factory: FactoryUnderTest) -> None:
    """Every end-to-end test ends with this check: it fails one that leaves what it did not name."""
    with pytest.raises(AssertionError, match="dev: Orphans: 1 to delete, 1 to recover") as failed:
        check_nothing_is_left(factory)
    assert "snapshots/left-over" in str(failed.value)
    leaves(factory, "dev", "snapshots/left-*")
    with pytest.raises(AssertionError, match="dev: Orphans: 1 to recover"):
        check_nothing_is_left(factory)
    leaves(factory, "dev", "team-web/web-golden", fate="recover")
    check_nothing_is_left(factory)
    # Nor may a test name what it does not leave.
    leaves(factory, "prod", "*")
    with pytest.raises(AssertionError, match="nothing was left like"):
        check_nothing_is_left(factory)
    factory.left.clear()


def test_what_is_kept_is_not_lost_and_what_is_left_over_is_found(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base")
    kept = {"protectImages": True, "keep": {"newest": 1}}
    factory.configure_dev([TEAM_WEB], **kept)
    factory.configure_prod([FINANCE], **kept)
    factory.must_up("dev")
    assert "1 to protect" in factory.must_up("dev").output
    factory.must_up("prod")
    factory.must_up("prod")
    for stack, options in (("dev", ["--skip-preview"]), ("prod", [])):
        ran = factory.engine("destroy", "--yes", "-s", stack, *options)
        assert not ran.ok
        assert "cannot be deleted" in ran.output
        assert "because it is protected" in ran.output
    orphans_go_only_as_shown(factory)
    (first,) = factory.holding("team-web")
    assert factory.holding("finance") == factory.holding("image-factory") == [first]
    factory.define("linux/base", artifacts=[JAVA])
    factory.must_up("dev")
    assert "1 to unprotect" in factory.must_up("dev").output
    assert "1 to retire" in factory.must_up("dev").output
    (second,) = factory.holding("team-web")
    assert second != first
    factory.configure_dev([TEAM_WEB], keep={"newest": 1})
    assert "protectImages is not set" in factory.must_up("dev").output
    assert factory.engine("destroy", "--yes", "-s", "dev").ok
    assert "image-factory" not in factory.labs()
