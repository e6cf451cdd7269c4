"""What the state of a release has in it: as much as stands side by side with nothing due."""

from __future__ import annotations

from typing import Any

from tests.e2e.harness import ENGINEERING_US, FINANCE, TEAM_DATA, TEAM_WEB, FactoryUnderTest
from tests.e2e.test_adopting import OLD, left_by_the_original
from tests.e2e.test_environments import CANARY, SHOP, repository_is_on

STACKS = ("dev", "prod")
_MOST_RUNS = 4
WINDOWS = {
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter-g2",
}
_BASE: dict[str, Any] = {
    "description": "The base",
    "tags": {"team": "web"},
    "imagePath": "Linux\\Base.json",
}
_SECRET_ARTIFACT = {"name": "linux-apt-package", "parameters": {"packages": {"secret": "packages"}}}


def live(factory: FactoryUnderTest) -> None:
    """Run a company's life up to a moment at which nothing is due in either stack.

    In it stand: several versions of an image, one marked as going, one revoked; a layered image, a
    moved one, a specialized one, a verified one; a removed definition whose images are kept; an
    image of the original factory that was taken in and is retired by now; an environment; secrets;
    protection; regions.
    """
    factory.define("linux/base", **_BASE)
    factory.define("linux/java", base={"image": "linux/base"}, artifacts=["linux-java"])
    factory.define("linux/tools", artifacts=[_SECRET_ARTIFACT], fallbackSizes=["Standard_D2as_v5"])
    factory.define("linux/old")
    factory.define("windows/server", base=WINDOWS, os="windows", verify=["windows-noop"])
    factory.define("windows/desk", base=WINDOWS, os="windows", capture="specialized")
    factory.until(lambda: repository_is_on(factory))
    left_by_the_original(factory, OLD[0])
    _configure(factory)
    for name, value in (("accountName", CANARY), ("packages", "curl")):
        kept = ("config", "set", "--secret", f"image-factory:{name}", value, "-s", "dev")
        ran = factory.engine(*kept)
        assert ran.ok, ran.output
    _up(factory)
    factory.define("linux/base", **_BASE, artifacts=["linux-java"])
    (factory.images / "linux/tools.yaml").unlink()
    factory.define(
        "unix/tools",
        artifacts=[_SECRET_ARTIFACT, "linux-java"],
        fallbackSizes=["Standard_D2as_v5"],
        formerly=["linux/tools"],
    )
    (factory.images / "linux/old.yaml").unlink()
    _up(factory)
    base = sorted(factory.holding("team-web"))
    bad = next(name for name in base if name.startswith("linux-java-")).removeprefix("linux-java-")
    day, _, number = bad.rpartition("-")
    _configure(factory, revoke={"linux/java": {"versions": [f"{day}.{number}"], "reason": "bad"}})
    _up(factory)
    _settle(factory)


def _configure(factory: FactoryUnderTest, **dev: object) -> None:
    factory.configure_dev(
        [TEAM_WEB, TEAM_DATA],
        environments=[SHOP],
        adopt={"team-web": [OLD[0]]},
        keep={"newest": 1},
        retireAfter="300d",
        sourceGrace="300d",
        onRemoval="keep",
        **dev,
    )
    factory.configure_prod(
        [FINANCE, ENGINEERING_US], keep={"newest": 2}, protectImages=True, onRemoval="keep"
    )


def _up(factory: FactoryUnderTest) -> None:
    for stack in STACKS:
        factory.must_up(stack)


def _settle(factory: FactoryUnderTest) -> None:
    """Bring all up until nothing is left to do."""
    for stack in STACKS:
        runs = (factory.up(stack, "--expect-no-changes") for _ in range(_MOST_RUNS))
        last = next((ran for ran in runs if ran.ok), None)
        assert last is not None, f"{stack} does not come to rest"
