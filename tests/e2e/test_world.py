"""Accidents of the world around a run: two at once, a full disk, a wrong clock, a lost sign-in.

One small factory lives through all of them. None needs an import, a look into the state or a
prompt: what goes on after it is what `make up` starts.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.azure.api_versions import COMPUTE_API
from rehearsal.up import Runner
from tests import warm
from tests.e2e.harness import DEV, TEAM_WEB, FactoryUnderTest, Ran, standing
from tests.e2e.test_accidents import DOCKER, JAVA, NODE
from tests.e2e.test_cli import cli
from tests.torture.killing import killed_up

SOURCES = f"/subscriptions/{DEV}/resourceGroups/rg-image-factory/providers/Microsoft.Compute"
TOKENS = "*/oauth2/v2.0/token"
OVER = "AADSTS700024: Client assertion is not within its valid time range."


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryUnderTest]:
    with standing(tmp_path_factory.mktemp("world"), [TEAM_WEB]) as stood:
        yield stood


def command(factory: FactoryUnderTest, stack: str) -> list[str]:
    up = ["up", "--yes", "--skip-preview", "--suppress-outputs", "-s", stack]
    return ["pulumi", "-C", str(factory.home.work), "--non-interactive", *up]


def begun(factory: FactoryUnderTest, stack: str, log: Path) -> subprocess.Popen[bytes]:
    """Start an up that goes on beside the test, in a process group of its own."""
    with log.open("a") as out:
        return subprocess.Popen(
            command(factory, stack),
            env=warm.cold(factory.env),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def go_on(factory: FactoryUnderTest, stack: str) -> str:
    """Bring a stack up as `make up` does after whatever was before; gives what was said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        outcome = Runner(factory.home, dict(factory.env)).up(stack)
    assert outcome.succeeded, said.getvalue()
    return said.getvalue()


def locked(factory: FactoryUnderTest, stack: str) -> bool:
    return any((factory.home.state / ".pulumi" / "locks").glob(f"**/{stack}/*.json"))


def state_of(factory: FactoryUnderTest, stack: str) -> Path:
    (found,) = (factory.home.state / ".pulumi" / "stacks").glob(f"**/{stack}.json")
    return found


def count(factory: FactoryUnderTest, lab: str) -> Counter[str]:
    """Count the versions that a lab holds, by definition."""
    return Counter(name.rsplit("-", 2)[0] for name in factory.holding(lab))


def ordered(factory: FactoryUnderTest, since: str) -> set[str]:
    """Give the names of the build VMs that were ever ordered since a moment."""
    found = factory.control().control(
        "GET", "requests", None, since=since, method="PUT", path="/virtualmachines/b", last="9999"
    )
    return {each["path"].rsplit("/", 1)[1] for each in found["value"]}


def clean(ran: Ran) -> None:
    assert "Traceback" not in ran.output, ran.output


def nothing_is_left(factory: FactoryUnderTest) -> None:
    """See that no VM stands, and nothing of ours that is in no state, once what is due went."""
    factory.must_up("dev")
    assert factory.build_vms() == []
    left = cli(factory, "orphans", "--stack", "dev", "--json")
    assert json.loads(left.output)["orphans"] == [], left.output


def test_two_runs_at_once_on_one_stack_and_on_two(
    factory: FactoryUnderTest, tmp_path: Path
) -> None:
    before = count(factory, "team-web")
    factory.define("linux/base", artifacts=[JAVA])
    log = tmp_path / "first.log"
    first = begun(factory, "dev", log)
    factory.until(lambda: locked(factory, "dev"))
    second = factory.up("dev")
    assert not second.ok
    assert "the stack is currently locked by 1 lock(s)" in second.output, second.output
    clean(second)
    # The receiver sees the old catalogue or the new one, and never half of one.
    clean(factory.must_up("prod"))
    assert first.wait(timeout=240) == 0, log.read_text()
    assert count(factory, "team-web") == before + Counter({"linux-base": 1})
    factory.must_up("prod")
    assert factory.holding("engineering-us")[-1] == factory.holding("team-web")[-1]
    nothing_is_left(factory)


def test_a_catalogue_of_another_program_stops_the_receiver_and_changes_nothing(
    factory: FactoryUnderTest,
) -> None:
    before = factory.holding("engineering-us")
    path = state_of(factory, "dev")
    own = path.read_text()
    other = json.loads(own)
    for each in other["checkpoint"]["latest"]["resources"]:
        if each["type"] == "pulumi:pulumi:Stack":
            each["outputs"]["catalogue"]["schema"] = "3"
    path.write_text(json.dumps(other))
    try:
        stopped = factory.up("prod")
    finally:
        path.write_text(own)
    assert not stopped.ok
    line = next(each for each in stopped.output.splitlines() if "schema '3'" in each)
    assert "expected '2'" in line, stopped.output
    assert "run one program in both" in line, stopped.output
    clean(stopped)
    assert factory.holding("engineering-us") == before
    clean(factory.must_up("prod"))


CLOCK = """import time
_now = time.time
time.time = lambda: _now() + {seconds}
"""


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_wrong_by_a_day_neither_builds_nor_retires(
    factory: FactoryUnderTest, tmp_path: Path, days: int
) -> None:
    factory.must_up("dev")
    (tmp_path / "sitecustomize.py").write_text(CLOCK.format(seconds=days * 86400))
    path = os.pathsep.join([str(tmp_path), factory.env.get("PYTHONPATH", "")])
    wrong = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = factory.engine(*command(factory, "dev")[4:], "--expect-no-changes", **wrong)
    assert ran.ok, ran.output
    assert "Plan: nothing is due" in ran.output, ran.output


def test_a_source_that_is_deleted_while_it_is_copied_fails_that_copy_alone(
    factory: FactoryUnderTest, tmp_path: Path
) -> None:
    before = count(factory, "engineering-us")
    factory.define("linux/base", artifacts=[NODE])
    factory.must_up("dev")
    newest = factory.holding("team-web")[-1]
    log = tmp_path / "prod.log"
    factory.rehearsal("clock", "--scale", "20", "--run")
    try:
        run = begun(factory, "prod", log)
        factory.until(lambda: being_copied(factory, newest))
        factory.arm("DELETE", f"{SOURCES}/snapshots/{newest}", COMPUTE_API)
    finally:
        factory.rehearsal("clock", "--scale", "600", "--run")
    assert run.wait(timeout=240) != 0
    said = log.read_text()
    assert "is not in eastus2: the copy failed: CopySourceNotFound" in said, said
    assert "Traceback" not in said
    assert count(factory, "engineering-us") == before
    # The building stack hears of it by a refresh, offers that version no more, and the next comes.
    assert factory.engine("refresh", "--yes", "-s", "dev").ok
    factory.define("linux/base", artifacts=[NODE, JAVA])
    factory.must_up("dev")
    factory.must_up("prod")
    assert factory.holding("engineering-us")[-1] == factory.holding("team-web")[-1]


def being_copied(factory: FactoryUnderTest, name: str) -> bool:
    return any(
        each["id"].rsplit("/", 1)[1].startswith(name) and "rg-copies" in each["id"].lower()
        for subscription in factory.azure()["subscriptions"]
        for each in subscription["snapshots"]
    )


def test_a_sign_in_that_is_over_in_a_long_run_loses_nothing_that_was_done(
    factory: FactoryUnderTest, tmp_path: Path
) -> None:
    since = factory.azure()["now"]
    factory.define("linux/app", artifacts=[JAVA, DOCKER])
    factory.rehearsal("switches", "set", "tokensExpireOnTheClock", "on")
    log = tmp_path / "over.log"
    run = begun(factory, "dev", log)
    factory.until(lambda: "is being applied" in log.read_text())
    denied = {"path": TOKENS, "status": 401, "code": "invalid_client", "message": OVER}
    factory.control().control("POST", "faults", denied)
    assert run.wait(timeout=240) != 0
    factory.control().control("DELETE", "faults")
    factory.rehearsal("switches", "set", "tokensExpireOnTheClock", "default")
    said = log.read_text()
    assert "Traceback" not in said
    line = next(each for each in said.splitlines() if "refused: Azure cannot be asked" in each)
    assert OVER in line, line
    assert "the next `up` goes on from here" in line, line
    assert len(factory.build_vms()) == 1
    assert "1 to resume" in go_on(factory, "dev")
    assert count(factory, "team-web")["linux-app"] == 1
    assert len(ordered(factory, since)) == 1
    nothing_is_left(factory)


def test_a_disk_that_fills_up_where_the_state_is_kept_loses_nothing(
    factory: FactoryUnderTest,
) -> None:
    """No file may grow beyond a size, which a state meets as it meets a full disk: in a write.

    A disk of its own would take the right to mount one. EFBIG is then told instead of ENOSPC.
    """
    before = count(factory, "team-web")
    factory.define("linux/full", artifacts=[JAVA])
    room = state_of(factory, "dev").stat().st_size + 4000

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    ran = subprocess.run(
        command(factory, "dev"),
        env=factory.env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        preexec_fn=full,
    )
    assert ran.returncode != 0
    assert "failed to save snapshot" in ran.stdout + ran.stderr, ran.stdout
    assert count(factory, "team-web") == before
    assert "its state was cut off by a full disk" in go_on(factory, "dev")
    assert count(factory, "team-web") == before + Counter({"linux-full": 1})
    nothing_is_left(factory)


def test_a_run_that_is_cut_off_again_and_again_gets_through(factory: FactoryUnderTest) -> None:
    since, state = factory.azure()["now"], state_of(factory, "dev")
    before = count(factory, "team-web")
    factory.define("linux/long", artifacts=[JAVA])

    def declared() -> bool:
        with contextlib.suppress(FileNotFoundError):  # the engine moves it away to write another
            return 'Image::linux/long"' in state.read_text()
        return False

    # At first the state has nothing of it but its name; the number is not used up by that.
    factory.killed_up("dev", declared)
    # Then it is told to stop while Azure captures its VM.
    asked = {"method": "PUT", "path": "*/labs/image-factory/customimages/linux-long-*"}
    cut = killed_up(factory, "dev", asked, "after", signal.SIGTERM)
    assert cut.struck, cut.output
    go_on(factory, "dev")
    assert count(factory, "team-web") == before + Counter({"linux-long": 1})
    assert factory.holding("team-web")[-1].endswith("-1")
    assert len(ordered(factory, since)) == 1
    nothing_is_left(factory)


def test_a_reset_starts_over_and_the_next_up_builds_anew(factory: FactoryUnderTest) -> None:
    for file in factory.images.rglob("*.yaml"):
        file.unlink()
    factory.define("linux/anew")
    factory.rehearsal("reset")
    assert factory.holding("team-web") == []
    go_on(factory, "dev")
    assert count(factory, "team-web") == Counter({"linux-anew": 1})
    nothing_is_left(factory)
