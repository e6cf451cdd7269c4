"""A stack of another name or in another backend: all that it made stays its own."""

from __future__ import annotations

import json

import yaml

from tests.e2e.harness import ENGINEERING_US, TEAM_WEB, FactoryUnderTest
from tests.e2e.releases.archive import opened
from tests.e2e.test_cli import cli
from tests.e2e.test_recover import changing, standing

FIRST = "organization/image-factory/dev"
ELSEWHERE = "contoso/image-factory"
LICENSED = [{"name": "linux-apt-package", "parameters": {"packages": {"secret": "packages"}}}]


def owners(factory: FactoryUnderTest) -> set[str]:
    """The stacks that tags in dev's subscription name."""
    found = standing(factory).values()
    return {each["tags"]["image-factory-stack"] for each in found}


def test_a_renamed_stack_goes_on_with_all_that_it_made(factory: FactoryUnderTest) -> None:
    factory.define("linux/base")
    factory.configure_dev([TEAM_WEB])
    factory.configure_prod([ENGINEERING_US])
    for stack in ("dev", "prod"):
        factory.must_up(stack)
        factory.must_up(stack)
    before = standing(factory)
    # A build is under way when the name changes.
    factory.define("linux/other", artifacts=["linux-java"])
    factory.killed_up("dev", lambda: bool(factory.build_vms()))
    (vm,) = factory.build_vms()
    renamed = factory.engine("stack", "rename", "build", "-s", "dev")
    assert renamed.ok, renamed.output
    assert (factory.home.work / "Pulumi.build.yaml").is_file()
    factory.configure_prod([ENGINEERING_US], receivesFrom="build")

    early = factory.up("prod")
    assert "if the stack was renamed, run `up` there first" in early.output
    assert standing(factory) == before

    asked = changing(factory)
    planned = cli(factory, "plan", "--stack", "build")
    assert f"{FIRST} is called organization/image-factory/build now" in planned.output
    assert "Plan: 1 to resume" in planned.output
    ran = factory.must_up("build")
    assert "1 to resume" in ran.output
    made = [line for line in changing(factory)[len(asked) :] if "/virtualmachines/" in line.lower()]
    assert all(vm in line for line in made), made
    after = standing(factory)
    assert {name: after[name] for name in before} == before
    assert len(factory.holding("team-web")) == 2
    factory.must_up("prod")
    assert len(factory.holding("engineering-us")) == 2
    for stack in ("build", "prod"):
        factory.must_up(stack)
        quiet = factory.must_up(stack, "--expect-no-changes")
        assert "is called" not in quiet.output  # told once
    assert owners(factory) == {FIRST, "organization/image-factory/prod"}
    assert "received from" not in cli(factory, "history", "linux/base", "--stack", "build").output
    assert json.loads(cli(factory, "plan", "--stack", "build", "--json").output)["stack"].endswith(
        "/build"
    )


def test_stacks_move_to_another_backend_and_organization(factory: FactoryUnderTest) -> None:
    """No backend of another organization can be had here: the stacks began in one, it is said."""
    factory.define("linux/base", artifacts=LICENSED)
    factory.configure_dev([TEAM_WEB])
    factory.configure_prod([ENGINEERING_US])
    _set_secret(factory)
    for stack in ("dev", "prod"):
        factory.must_up(stack)
        factory.must_up(stack)
    exports = {
        stack: factory.engine("stack", "export", "--show-secrets", "-s", stack).output
        for stack in ("dev", "prod")
    }
    _as_if_begun_elsewhere(factory)
    before = standing(factory)
    assert owners(factory) == {f"{ELSEWHERE}/dev", f"{ELSEWHERE}/prod"}

    # As docs/renaming.md has it: another place, another key.
    backend = factory.root / "backend"
    backend.mkdir()
    factory.env |= {
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "another",
    }
    for stack, export in exports.items():
        _without_key(factory, stack)
        assert factory.engine("stack", "init", stack).ok
        file = factory.root / f"{stack}.json"
        file.write_text(export.replace("organization/image-factory", ELSEWHERE))
        ran = factory.engine("stack", "import", "-s", stack, "--file", str(file))
        assert ran.ok, ran.output
    _set_secret(factory)

    for stack in ("dev", "prod"):
        said = f"{ELSEWHERE}/{stack} is called organization/image-factory/{stack} now"
        preview = factory.preview(stack, "--expect-no-changes")
        assert preview.ok, preview.output
        assert said in preview.output
        ran = factory.must_up(stack, "--expect-no-changes")
        assert "nothing is due" in ran.output
    assert standing(factory) == before
    factory.define("linux/base", artifacts=[*LICENSED, "linux-java"])
    for stack in ("dev", "prod"):
        factory.must_up(stack)
        factory.must_up(stack)
        factory.must_up(stack, "--expect-no-changes")
    assert len(factory.holding("engineering-us")) == 2
    assert owners(factory) == {f"{ELSEWHERE}/dev", f"{ELSEWHERE}/prod"}


def _set_secret(factory: FactoryUnderTest) -> None:
    secret = ("config", "set", "--secret", "image-factory:packages", "curl", "-s", "dev")
    assert factory.engine(*secret).ok


def _without_key(factory: FactoryUnderTest, stack: str) -> None:
    """Take out of a stack file what its old key encrypted, and the key's salt."""
    path = factory.home.work / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(path.read_text())
    content.pop("encryptionsalt", None)
    config = content["config"]
    content["config"] = {key: config[key] for key in config if "packages" not in key}
    path.write_text(yaml.safe_dump(content))


def _as_if_begun_elsewhere(factory: FactoryUnderTest) -> None:
    """Let all tags in Azure say the names that the stacks would have in another organization."""
    factory.rehearsal("stop")
    store, shelves = opened(factory.home)
    for shelf in shelves:
        for key, doc in shelf.items():
            text = json.dumps(doc)
            if "organization/image-factory" in text:
                changed = text.replace("organization/image-factory", ELSEWHERE)
                shelf.put(key, json.loads(changed))
    store.commit()
    store.close()
    factory.start()
