"""The Pulumi CLI and the azure-native plugin of an agent, each from an archive of a known sum.

`python3 .ci/engine.py sums` downloads the archives of the pinned versions for every kind of agent
and writes their SHA-256 into .pulumi.sums, which is committed. `install` takes an archive that has
the sum that stands there, from .ci-downloads (what a cache brought) or from the network, and makes
what is installed be what is in it; it prints the folder that belongs first on PATH.

Standard library only: nothing else is there yet.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
SUMS = ROOT / ".pulumi.sums"
DOWNLOADS, BIN = ROOT / ".ci-downloads", ROOT / ".ci-engine"
# A mirror needs no trust: what it gives has to have the sum.
ADDRESS = os.environ.get("IMAGE_FACTORY_PULUMI_RELEASES") or "https://get.pulumi.com/releases"
# Beside the CLI's archives Pulumi publishes their SHA-256; beside the plugin's only SHA-1.
PUBLISHED = "https://github.com/pulumi/pulumi/releases/download/v{0}/pulumi-{0}-checksums.txt"
_SYSTEMS = ("linux", "darwin")
_MACHINES = {"x86_64": ("x64", "amd64"), "arm64": ("arm64", "arm64")}
_TODO = (
    "-> `python3 .ci/engine.py sums`, and commit .pulumi.sums (docs/security.md, What is pinned)"
)


def stop(line: str) -> NoReturn:
    """End with what a person has to see to."""
    sys.exit(f"engine: {line}")


@dataclass(frozen=True)
class Archive:
    """A release: the name and folder of its archive at Pulumi, and where its files belong."""

    name: str
    folder: str
    target: Path
    inner: str = ""

    @property
    def file(self) -> Path:
        """Where it is kept between jobs."""
        return DOWNLOADS / self.name


def cli() -> str:
    """Read the pinned version of the CLI."""
    return (ROOT / ".pulumi.version").read_text("utf-8").strip()


def kind() -> tuple[str, str]:
    """Tell what kind of agent this is: its system and its machine, each by one name."""
    machine = platform.machine().lower()
    return platform.system().lower(), {"aarch64": "arm64", "amd64": "x86_64"}.get(machine, machine)


def archives(system: str, machine: str) -> tuple[Archive, Archive]:
    """Give both archives for a kind of agent, see :func:`kind`."""
    if system not in _SYSTEMS or machine not in _MACHINES:
        stop(f"{system} on {machine}: expected {_SYSTEMS} on {tuple(_MACHINES)}")
    of_cli, of_plugin = _MACHINES[machine]
    requirements = (ROOT / "requirements.txt").read_text("utf-8")
    pin = re.search(r"^pulumi-azure-native==(\S+)$", requirements, re.MULTILINE)
    if pin is None:
        stop("requirements.txt: no line pulumi-azure-native==VERSION")
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    plugin = f"resource-azure-native-v{pin[1]}"
    return (
        Archive(f"pulumi-v{cli()}-{system}-{of_cli}.tar.gz", "sdk", BIN, "pulumi/"),
        Archive(
            f"pulumi-{plugin}-{system}-{of_plugin}.tar.gz", "plugins", home / "plugins" / plugin
        ),
    )


def install() -> None:
    """Install both for this agent; prints the folder with the CLI."""
    known = dict(_read_sums(SUMS.read_text("utf-8"))) if SUMS.is_file() else {}
    wanted = archives(*kind())
    if missing := [each.name for each in wanted if each.name not in known]:
        stop(f".pulumi.sums has no sum of {' and '.join(missing)} {_TODO}")
    for each in wanted:
        if not (each.file.is_file() and sum_of(each.file) == known[each.name]):
            _download(f"{ADDRESS}/{each.folder}/{each.name}", each.file)
        if (found := sum_of(each.file)) != known[each.name]:
            each.file.unlink()
            stop(
                f"{each.name}: its SHA-256 is {found}, and .pulumi.sums has {known[each.name]} "
                "-> find out which is right before anything runs; it was not installed"
            )
        unpack(each)
    print(BIN)


def unpack(archive: Archive) -> None:
    """Make the files of a folder those of an archive; what is there and the same is left alone."""
    names = set()
    archive.target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive.file) as files:
        for member in files:
            name = member.name.removeprefix("./").removeprefix(archive.inner)
            content = files.extractfile(member) if member.isfile() else None
            if content is None or "/" in name or name.startswith("."):
                continue
            names.add(name)
            place, new = archive.target / name, archive.target / f".{name}.{os.getpid()}"
            with content, new.open("wb") as file:
                shutil.copyfileobj(content, file)
            new.chmod(stat.S_IMODE(member.mode) & 0o755)
            if place.is_file() and sum_of(place) == sum_of(new):
                new.unlink()
            else:
                new.replace(place)
    for each in set(archive.target.iterdir()):
        if each.name not in names and each.is_file():
            each.unlink()


def write_sums() -> None:
    """Write the sums of all agents' archives; those of the CLI have to be as Pulumi published."""
    published = DOWNLOADS / "published.txt"
    _download(
        os.environ.get("IMAGE_FACTORY_PULUMI_CHECKSUMS") or PUBLISHED.format(cli()), published
    )
    said = dict(_read_sums(published.read_text("utf-8")))
    found = {}
    for system in _SYSTEMS:
        for machine in _MACHINES:
            for each in archives(system, machine):
                _download(f"{ADDRESS}/{each.folder}/{each.name}", each.file)
                found[each.name] = sum_of(each.file)
                if each.folder == "sdk" and said.get(each.name) != found[each.name]:
                    told = said.get(each.name, "nothing")
                    stop(
                        f"{each.name}: its SHA-256 is {found[each.name]}, Pulumi published {told} "
                        "-> nothing was written"
                    )
    SUMS.write_text("".join(f"{found[name]}  {name}\n" for name in sorted(found)), "utf-8")
    print(f"written: {SUMS.name}, {len(found)} sums")


def sum_of(file: Path) -> str:
    """Give the SHA-256 of a file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _read_sums(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if found := re.fullmatch(r"([0-9a-fA-F]{64}) [ *](\S+)", line):
            yield found[2], found[1].lower()


def _download(url: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["curl", "-fsSL", "--retry", "3", "-o", file, url],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        file.unlink(missing_ok=True)
        reason = done.stderr.strip().splitlines()[-1:] or [f"curl ended with {done.returncode}"]
        stop(
            f"{file.name} cannot be had from {urlsplit(url).hostname}: {reason[0]} -> let the "
            "agent reach it, or name a mirror (IMAGE_FACTORY_PULUMI_RELEASES)"
        )


if __name__ == "__main__":
    try:
        {"install": install, "sums": write_sums}[sys.argv[1]]()
    except (OSError, tarfile.TarError) as error:
        stop(str(error))
