"""A definition moves, and what is to go is marked first: the engine and Azure agree to both."""

from __future__ import annotations

from tests.e2e.harness import DEV, TEAM_WEB, FactoryUnderTest, lab_path


def test_a_moved_definition_keeps_its_images_and_retires_them_in_two_steps(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB])
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
    factory.configure_dev([TEAM_WEB], keep={"newest": 1}, retireAfter="300d")
    factory.must_up("dev")
    marked = factory.must_up("dev")
    assert "1 to mark" in marked.output
    assert "built as linux/base" in marked.output
    (second,) = (name for name in factory.holding("team-web") if name != first)
    assert second.startswith("unix-base-")
    path = f"{lab_path(DEV, 'team-web')}/customimages"
    assert "image-factory-retiring" in factory.arm("GET", f"{path}/{first}")["tags"]
    assert "image-factory-retiring" not in factory.arm("GET", f"{path}/{second}")["tags"]
    # As a policy of the subscription would: it is written down, and nobody takes it off again.
    group = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory"
    for thing, version in ((group, "2024-03-01"), (f"{path}/{second}", "2018-09-15")):
        tags = {**factory.arm("GET", thing, version)["tags"], "Created On": "2026-11-30"}
        factory.arm("PATCH", thing, version, {"tags": tags})
    assert factory.engine("refresh", "--yes", "-s", "dev").ok
    factory.must_up("dev", "--expect-no-changes")

    factory.configure_dev([TEAM_WEB], keep={"newest": 1}, retireAfter="1m")
    factory.must_up("dev")
    assert factory.holding("team-web") == [second]
