"""`pulumi destroy` refuses protected images; the plan still retires them."""

from __future__ import annotations

from tests.e2e.harness import FINANCE, TEAM_WEB, FactoryUnderTest
from tests.e2e.test_accidents import JAVA


def test_protected_images_survive_a_destroy_and_retire_by_the_plan(
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
