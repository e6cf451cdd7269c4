"""Canaries through every path that a secret can take, searched for in all that a run leaves."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.e2e.harness import CHECKOUT, FINANCE, TEAM_WEB, FactoryUnderTest
from tests.e2e.test_cli import cli

STACK_SECRET, SOURCE_TOKEN = "canary-stack-4711-Zq", "canary-token-0815-Xw"
VAULT = {"keyVault": "kv-image-factory", "secret": "lab-admin-password"}


def set_secret(factory: FactoryUnderTest, name: str, value: str) -> None:
    """Set a stack secret as a careful user does: by standard input."""
    command = ["pulumi", "-C", str(factory.home.work), "config", "set", "--secret"]
    command += [f"image-factory:{name}", "-s", "dev"]
    done = subprocess.run(
        command, env=factory.env, input=value, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def watched_arguments() -> Iterator[set[str]]:
    """Collect the command lines of all processes while something runs."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(file.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
                except OSError:
                    continue  # it ended meanwhile

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def left_behind(factory: FactoryUnderTest) -> dict[str, bytes]:
    """Every file of the run: state, history, work folder, temporary files, the record, logs.

    The local Azure's own store and vault are left out: there the values have to be.
    """
    home, own = factory.home, {factory.home.secrets, factory.home.database}
    return {
        str(file.relative_to(factory.root)): file.read_bytes()
        for file in factory.root.rglob("*")
        if file.is_file() and file not in own and not file.name.startswith(home.database.name)
    }


def forms(canary: str) -> list[bytes]:
    """The ways in which a value may be written."""
    plain = [canary, json.dumps(canary)[1:-1], quote(canary), quote(canary, safe="")]
    encoded = base64.b64encode(canary.encode())
    return [*(each.encode() for each in plain), encoded.rstrip(b"=")[:-1]]


def test_secrets_are_in_nothing_that_a_run_leaves_behind(factory: FactoryUnderTest) -> None:
    temporary = factory.root / "tmp"
    temporary.mkdir()
    factory.env |= {"PYTHONPATH": str(CHECKOUT / "tests/e2e/loopback"), "TMPDIR": str(temporary)}
    vaulted = json.loads(factory.home.secrets.read_text())["vaults"]
    in_vault = vaulted[VAULT["keyVault"]][VAULT["secret"]]
    canaries = (STACK_SECRET, SOURCE_TOKEN, in_vault)
    given = {"packages": VAULT, "options": {"secret": "licence"}}
    apt = {"name": "linux-apt-package", "parameters": given}
    factory.define("linux/base", artifacts=[apt])
    words = {"scriptFileUris": [], "scriptToRun": {"secret": "licence"}, "scriptArguments": VAULT}
    bash = {"name": "linux-run-bash", "parameters": words}
    factory.define("linux/talks", artifacts=[bash], retries=0)
    absent = {"packageUrl": {**VAULT, "secret": "no-such"}}
    powershell = {"name": "linux-powershell", "parameters": absent}
    factory.define("linux/missing", artifacts=[powershell])
    source = {"name": "team repo", "uri": "https://git.test/r.git", "token": "repoToken"}
    factory.configure_dev([TEAM_WEB], artifactSources=[source])
    factory.configure_prod([FINANCE])
    set_secret(factory, "licence", STACK_SECRET)
    set_secret(factory, "repoToken", SOURCE_TOKEN)
    # An artifact that prints what it was given, as scripts do when they fail.
    # Of all forms, which tests/components/test_sinks.py has, the one that hides best.
    coded = base64.b64encode(f"key={in_vault}".encode()).decode()
    said = f"cannot use {STACK_SECRET} and {in_vault}, nor {coded}"
    factory.rehearsal("faults", "add", "--artifact", "linux-run-bash", "--message", said)
    with watched_arguments() as arguments:
        preview, up = factory.preview("dev"), factory.up("dev")
        second, prod = factory.up("dev"), factory.up("prod")
        told = [cli(factory, "plan", "--stack", "dev"), cli(factory, "history", "--stack", "dev")]
    factory.rehearsal("faults", "clear")
    assert "linux/missing refused: secret no-such of key vault kv-image-factory does not exist" in (
        preview.output
    )
    assert "cannot use *** and ***, nor ***" in up.output, up.output
    assert coded not in up.output + second.output
    for lab in ("team-web", "finance"):
        assert [name[:10] for name in factory.holding(lab)] == ["linux-base"], prod.output
    assert told[0].code in {0, 2}, told[0].output
    assert "linux/base" in told[1].output
    # Azure itself was given the values.
    stored = factory.home.database.read_bytes() + b"".join(
        file.read_bytes() for file in factory.home.root.glob(f"{factory.home.database.name}-*")
    )
    assert in_vault.encode() in stored or STACK_SECRET.encode() in stored
    left = left_behind(factory)
    left["arguments"] = "\n".join(arguments).encode()
    ran = (preview, up, second, prod, *told)
    left["output"] = "\n".join(each.output for each in ran).encode()
    left["export"] = (factory.export("dev") + factory.export("prod")).encode()
    left["azure"] = factory.rehearsal("show", "--json").encode()
    assert any("requests.db" in name for name in left)
    # Other tests run beside this one: it is our own engine that has to have been seen.
    assert any("pulumi" in each and str(factory.home.work) in each for each in arguments)
    for canary in canaries:
        for form in forms(canary):
            assert [name for name, content in left.items() if form in content] == [], form
