"""`up --refresh`, as drift remediation runs it: its plan is from before the refresh."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from tests.e2e.harness import DEV, TEAM_DATA, TEAM_WEB, FactoryUnderTest, lab_path
from tests.e2e.test_cli import cli
from tests.e2e.test_recover import changing
from tests.e2e.test_safety import GROUP

COMPUTE = "2024-03-02"
Lose = Callable[[FactoryUnderTest, str], None]


def lose_snapshot(factory: FactoryUnderTest, name: str) -> None:
    path = f"{GROUP}/snapshots/{name}"
    _delete(factory, path, COMPUTE)


def lose_capture(factory: FactoryUnderTest, image: str) -> None:
    _delete(factory, f"{lab_path(DEV, 'image-factory')}/customimages/{image}", "2018-09-15")


def _delete(factory: FactoryUnderTest, path: str, version: str) -> None:
    factory.arm("DELETE", path, version)
    there = path.rpartition("/")[0]
    name = path.rpartition("/")[2]
    factory.until(
        lambda: name not in [each["name"] for each in factory.arm("GET", there, version)["value"]]
    )


LOSSES: dict[str, Lose] = {
    "source": lose_snapshot,
    "capture": lose_capture,
    "copy/northeurope": lambda factory, image: lose_snapshot(factory, f"{image}-northeurope"),
}


def test_what_is_gone_is_not_made_of_what_is_gone_too(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB, TEAM_DATA])
    factory.must_up("dev")
    factory.must_up("dev")
    (image,) = factory.holding("team-web")
    for part, lose in LOSSES.items():
        lose(factory, image)
        before = changing(factory)
        ran = factory.up("dev", "--refresh")
        assert not ran.ok
        assert f"/{part} is gone from Azure, which --refresh found" in ran.output
        assert "run `pulumi up` again, without --refresh" in ran.output
        assert "Traceback" not in ran.output
        assert changing(factory) == before
        # The refresh has been saved: the next run knows, and mends it from what is there.
        mended = factory.must_up("dev")
        assert "1 to restore" in mended.output, mended.output
        assert factory.holding("team-web") == factory.holding("team-data") == [image]
    factory.must_up("dev", "--expect-no-changes")


def test_a_lost_image_comes_back_with_refresh(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB])
    factory.must_up("dev")
    factory.must_up("dev")
    (image,) = factory.holding("team-web")
    _delete(factory, f"{lab_path(DEV, 'team-web')}/customimages/{image}", "2018-09-15")
    factory.must_up("dev", "--refresh")
    assert factory.holding("team-web") == [image]
    factory.must_up("dev", "--refresh", "--expect-no-changes")


def test_a_refresh_before_every_run_is_refused(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB])
    path = factory.home.work / "Pulumi.yaml"
    project = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**project, "options": {"refresh": "always"}}))
    ran = factory.up("dev")
    assert not ran.ok
    (line,) = (line for line in ran.output.splitlines() if "options.refresh is set" in line)
    assert "Pulumi.yaml:" in line
    assert "take it out, and run `pulumi refresh` before `pulumi up`" in ran.output
    assert "Traceback" not in ran.output
    assert cli(factory, "plan", "--stack", "dev").code == 1
    assert cli(factory, "validate", "--work", str(factory.home.work)).code == 1
    assert changing(factory) == []
    path.write_text(yaml.safe_dump(project))
    assert cli(factory, "plan", "--stack", "dev").code == 2  # as the line says: it is taken out
