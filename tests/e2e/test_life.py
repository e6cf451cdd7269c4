"""A definition moves, and what is to go is marked first: the engine and Azure agree to both.

The stack lives in a group that a company's cloud team made, under tags of a policy.
"""

from __future__ import annotations

from tests.e2e.harness import DEV, TEAM_WEB, FactoryUnderTest, lab_path


def test_a_moved_definition_keeps_its_images_and_retires_them_in_two_steps(
    factory: FactoryUnderTest,
) -> None:
    group = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory"
    theirs = {"Owner": "cloud-team"}
    body = {"location": "northeurope", "tags": theirs}
    factory.arm("PUT", group, "2024-03-01", body)
    platform = {
        "resourceGroup": {"name": "rg-image-factory", "create": False},
        "tags": {"CostCenter": "4711"},
    }
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB], **platform)
    factory.must_up("dev")
    factory.must_up("dev")
    (first,) = factory.holding("team-web")
    (factory.images / "linux/base.yaml").unlink()
    factory.define("unix/base", formerly=["linux/base"])
    moved = factory.must_up("dev")
    assert "nothing is due" in moved.output
    assert moved.step_count("created") == 2  # two components of the new name, nothing in Azure
    factory.must_up("dev", "--expect-no-changes")
    assert factory.holding("team-web") == [first]

    factory.define("unix/base", formerly=["linux/base"], artifacts=["linux-java"])
    platform["tags"] = {"costCenter": "4712"}
    factory.configure_dev([TEAM_WEB], keep={"newest": 1}, retireAfter="300d", **platform)
    told = "the settings say otherwise: tags"
    assert told in factory.must_up("dev").output
    marked = factory.must_up("dev")
    assert "1 to mark" in marked.output
    assert told not in marked.output
    assert "built as linux/base" in marked.output
    (second,) = (name for name in factory.holding("team-web") if name != first)
    assert second.startswith("unix-base-")
    path = f"{lab_path(DEV, 'team-web')}/customimages"
    assert "image-factory-retiring" in factory.arm("GET", f"{path}/{first}")["tags"]
    assert "image-factory-retiring" not in factory.arm("GET", f"{path}/{second}")["tags"]
    lab = f"{group}/providers/Microsoft.DevTestLab/labs/image-factory"
    assert factory.arm("GET", lab)["tags"]["CostCenter"] == "4712"
    costs = [factory.arm("GET", f"{path}/{name}")["tags"] for name in (first, second)]
    assert [each.get("CostCenter") or each["costCenter"] for each in costs] == ["4711", "4712"]
    # As a policy of the subscription would: it is written down, and nobody takes it off again.
    for thing, version in ((lab, "2018-09-15"), (f"{path}/{second}", "2018-09-15")):
        tags = {**factory.arm("GET", thing, version)["tags"], "Created On": "2026-11-30"}
        factory.arm("PATCH", thing, version, {"tags": tags})
    assert factory.engine("refresh", "--yes", "-s", "dev").ok
    factory.must_up("dev", "--expect-no-changes")

    assert factory.arm("GET", lab)["tags"]["Created On"] == "2026-11-30"

    factory.configure_dev([TEAM_WEB], keep={"newest": 1}, retireAfter="1m", **platform)
    factory.must_up("dev")
    assert factory.holding("team-web") == [second]
    assert factory.engine("destroy", "--yes", "-s", "dev").ok
    left = factory.arm("GET", group, "2024-03-01")
    assert (left["location"], left["tags"]) == ("northeurope", theirs)
    compute = f"{group}/providers/Microsoft.Compute"
    for kind in ("snapshots", "images"):
        assert factory.arm("GET", f"{compute}/{kind}", "2024-03-02")["value"] == []
