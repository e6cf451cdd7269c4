"""The command line sees what the engine sees: before the first up, after it, after a change."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from factory.cli import main
from tests.e2e.harness import DEV, FINANCE, TEAM_DATA, FactoryUnderTest, Ran, called, lab_path


def cli(factory: FactoryUnderTest, *args: str) -> Ran:
    return called(main, args, factory.env)


def previewed(factory: FactoryUnderTest, stack: str) -> str:
    """The plan as the engine's preview prints it, without the engine's indentation."""
    ran = factory.preview(stack)
    assert ran.ok, ran.output
    diagnostics = ran.output.split("Diagnostics:", 1)[1]
    lines = diagnostics.splitlines()
    start = next(index for index, line in enumerate(lines) if line.strip().startswith("Plan:"))
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = next(index for index in range(start, len(lines)) if not lines[index].strip())
    return "\n".join(line[indent:] for line in lines[start:end])


def test_plan_equals_preview_and_the_other_commands_tell_the_same(
    factory: FactoryUnderTest,
) -> None:
    factory.define("linux/base", refresh="30d")
    factory.configure_dev([TEAM_DATA])
    factory.configure_prod([FINANCE])
    # The clock stands still, so that two looks at one state are two looks at one moment.
    factory.rehearsal("clock", "--freeze")
    assert_same(factory, "dev", code=2, begins="Plan: 1 to build, 1 to deliver, 7 to create;")
    no_source = cli(factory, "plan", "--stack", "prod")
    assert no_source.code == 1
    assert "run `up` there first" in no_source.output
    assert no_source.output.count("\n") == 1
    factory.rehearsal("clock", "--run")
    factory.must_up("dev")
    factory.must_up("prod")
    factory.rehearsal("clock", "--freeze")
    assert_same(factory, "dev", code=2, begins="Plan: 1 to forget; 1 version kept")
    assert_same(factory, "prod", code=0, begins="Plan: nothing is due; 1 version kept")
    factory.define("linux/base", refresh="30d", artifacts=["linux-java"])
    assert_same(factory, "dev", code=2, begins="Plan: 1 to build, 1 to deliver, 1 to forget;")
    assert_other_commands(factory)


def assert_same(factory: FactoryUnderTest, stack: str, *, code: int, begins: str) -> None:
    with ThreadPoolExecutor() as pool:
        preview = pool.submit(previewed, factory, stack)
        plan = cli(factory, "plan", "--stack", stack)
        assert plan.code == code, plan.output
        assert plan.output.startswith(begins)
        assert plan.output.rstrip() == preview.result()


def assert_other_commands(factory: FactoryUnderTest) -> None:
    by_file = str(factory.home.work / "Pulumi.dev.yaml")
    commands = (
        ("plan", "--stack", by_file, "--json"),
        ("plan", "--stack", "dev", "--markdown"),
        ("why", "linux/base", "--stack", "dev"),
        ("history", "--stack", "prod"),
        ("forecast", "--stack", "prod", "--weeks", "6", "--json"),
        ("plan", "--stack", "nope"),
    )
    ran = [cli(factory, *words) for words in commands]
    assert [each.code for each in ran] == [2, 2, 0, 0, 0, 1]
    plan, markdown, why, history, forecast, unknown = (each.output for each in ran)
    found = json.loads(plan)
    assert found["schema"] == "image-factory/plan/1"
    assert found["stack"] == "organization/image-factory/dev"
    assert found["steps"][0]["why"] == "definition changed: artifacts"
    assert "| build | linux/base |" in markdown
    assert "definition changed: artifacts" in why
    assert "released" in why
    assert "received from organization/image-factory/dev" in history
    assert "delivered to finance" in history
    weeks = json.loads(forecast)["weeks"]
    # The changed one comes at once, and is refreshed 30 days after its build.
    assert [week["receives"] for week in weeks] == [1, 0, 0, 0, 1, 0]
    assert [len(week["labs"]["finance"]["linux/base"]) for week in weeks] == [2, 2, 2, 2, 3, 3]
    assert unknown == "image-factory: there is no stack 'nope' -> `pulumi stack init nope`\n"
    assert_what_labs_use_is_told(factory)


def assert_what_labs_use_is_told(factory: FactoryUnderTest) -> None:
    """A formula of a lab is told with its image and its author, on the page of both stacks too."""
    lab = lab_path(DEV, "team-data")
    (image,) = factory.holding("team-data")
    made_from = {"customImageId": f"{lab}/customimages/{image}", "size": "Standard_B2s"}
    body = {"osType": "Linux", "formulaContent": {"properties": made_from}}
    where = {"location": "westeurope", "properties": body}
    factory.arm("PUT", f"{lab}/formulas/dev-box", body=where)
    (use,) = json.loads(cli(factory, "usage", "--stack", "dev", "--json").output)["uses"]
    assert (use["kind"], use["name"], use["owner"]) == ("formula", "dev-box", "estate-owner")
    assert (use["image"], use["state"]) == ("linux/base", "newest")
    assert use["customImage"] == image
    site = factory.root / "site"
    made = cli(factory, "page", "--out", str(site), "--weeks", "1")
    assert made.code == 0, made.output
    assert "2 stacks" in made.output
    data = json.loads((site / "data/overview.json").read_text("utf-8"))
    assert [each["trouble"] for each in data["stacks"]] == [None, None]
    held = {each["lab"]: each["holds"]["linux/base"]["state"] for each in data["labs"]}
    assert held == {"team-data": "newest", "finance": "newest"}
    run = json.loads((site / "data/runs/dev.json").read_text("utf-8"))
    assert [each["result"] for each in run["updates"]] == ["succeeded"]
    assert any(each["what"].startswith("released") for each in run["events"])
    assert "dev-box" in (site / "labs/dev--team-data.html").read_text("utf-8")
    # A second one takes the first one's place, and nobody else's.
    (site / "mine.txt").write_text("mine")
    again = cli(factory, "page", "--out", str(site), "--stack", "dev", "--weeks", "0")
    assert again.code == 0, again.output
    assert not (site / "labs/prod--finance.html").exists()
    assert (site / "mine.txt").exists()
    other = cli(factory, "page", "--out", str(factory.home.work))
    assert (other.code, "something else than a site" in other.output) == (1, True)
