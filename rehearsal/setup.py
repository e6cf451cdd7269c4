"""Set-up of a checkout: venv, engine and plugin, all inside it, each step only when it is due.

`python3 -m rehearsal.setup` works with a bare Python 3.11: standard library only until the venv
is there. Nothing global is written; `.venv/` and `.pulumi/` are ignored by git. `make` does the
two parts, packages and engine, at the same time: neither needs the other.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.engine.build import build
from rehearsal.engine.official import find_official
from rehearsal.engine.steps import SetupError, fingerprint, run_step, say, write_atomic
from rehearsal.engine.versions import least, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHECKOUT = Path(__file__).resolve().parents[1]
PLUGIN_VERSION = "v3.29.0"
_REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt")

_LAUNCHER = """\
#!/bin/sh
# Written by `make setup`: the rehearsal's stand-in for the azure-native plugin.
PYTHONPATH='{checkout}' exec ${{REHEARSAL_PYTHON:-'{python}'}} -m rehearsal.plugin "$@"
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the set-up; the exit code is 0, or 1 after one line that says what is missing."""
    parser = argparse.ArgumentParser(prog="rehearsal setup", description="Set this checkout up.")
    parser.add_argument("part", nargs="?", choices=_PARTS, help="only this part of it")
    options = parser.parse_args(argv)
    if sys.version_info < (3, 11):  # noqa: UP036  # the first thing a bare machine runs
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"Python >= 3.11 is needed, this is {found}.", file=sys.stderr)
        return 1
    done = False
    try:
        for part in [options.part] if options.part else _PARTS:
            with _alone(CHECKOUT / ".pulumi", part):
                for install in _PARTS[part]:
                    done |= install(CHECKOUT)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up: stopped; run it again to go on.", file=sys.stderr)
        return 130
    what = options.part or "set-up"
    say(f"{what}: complete" if done else f"{what}: nothing to do")
    return 0


def install_packages(checkout: Path) -> bool:
    """Create .venv and install the pinned requirements, if the requirement files changed."""
    environment = checkout / ".venv"
    python = environment / "bin" / "python"
    stamp = environment / ".requirements"
    files = [checkout / name for name in _REQUIREMENTS]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # A venv that was cut off in the making has no pip; one whose Python was removed, no python.
    usable = python.exists() and (environment / "bin" / "pip").exists()
    wanted = fingerprint([*files, _version_in(environment) if usable else version])
    if usable and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return False
    if not usable:
        _create_venv(environment)
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["-c", "constraints.txt", "-r", "requirements.txt", "-r", "requirements-dev.txt"]
    run_step(
        "python packages: install into .venv",
        command,
        log=checkout / ".pulumi" / "logs" / "pip.log",
        cwd=checkout,
        progress=lambda log: f", {log.count('Collecting ')} packages resolved",
    )
    write_atomic(stamp, wanted)
    return True


def _version_in(environment: Path) -> str:
    libraries = sorted(path.name for path in (environment / "lib").glob("python3.*"))
    return libraries[-1].removeprefix("python") if libraries else ""


def _create_venv(environment: Path) -> None:
    try:
        venv.create(environment, with_pip=True, symlinks=True, clear=True)
    except Exception as error:  # a failing ensurepip raises whatever it met
        message = (
            "python packages: .venv cannot be made; on Debian install python3-venv "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        )
        raise SetupError(message) from error


def install_engine(checkout: Path) -> bool:
    """Find an official CLI on PATH, else build one into .pulumi/bin; note which one it is."""
    home = checkout / ".pulumi"
    official = find_official(home / "bin")
    built = False
    if official is None:
        if not (home / "bin" / "pulumi").exists():
            what = f"no official Pulumi CLI >= {least()} on PATH; building {pinned()}"
            say(f"engine: {what}, about 4 minutes once")
        built = build(home / "bin")
    chosen = official or home / "bin" / "pulumi"
    note = home / "engine.json"
    content = json.dumps({"pulumi": str(chosen), "official": official is not None}) + "\n"
    if note.exists() and note.read_text("utf-8") == content:
        return built
    write_atomic(note, content)
    say(f"engine: {chosen}")
    return True


def install_plugin(checkout: Path) -> bool:
    """Write the launcher of the stand-in plugin where an engine with our PULUMI_HOME looks."""
    folder = checkout / ".pulumi" / "plugins" / f"resource-azure-native-{PLUGIN_VERSION}"
    launcher = folder / "pulumi-resource-azure-native"
    content = _LAUNCHER.format(
        checkout=_shell(checkout), python=_shell(checkout / ".venv" / "bin" / "python")
    )
    if launcher.exists() and launcher.read_text("utf-8") == content:
        return False
    write_atomic(launcher, content, mode=0o755)
    say("plugin: stand-in for azure-native installed in .pulumi/plugins")
    return True


def _shell(path: Path) -> str:
    return str(path).replace("'", "'\\''")


_PARTS: dict[str, list[Callable[[Path], bool]]] = {
    "packages": [install_packages],
    "engine": [install_engine, install_plugin],
}


@contextmanager
def _alone(folder: Path, part: str) -> Iterator[None]:
    """Hold a lock, so that `make up` and `make test` at once do not build the same thing."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{part}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: another set-up runs in this checkout; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        handle.write(f"{os.getpid()}\n")
        yield


if __name__ == "__main__":
    sys.exit(main())
