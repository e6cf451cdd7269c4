"""A first definition with remarks, fit for the defaults that it will inherit."""

from __future__ import annotations

from collections.abc import Collection

from factory.definitions.definition import Os

_BASES = {
    Os.LINUX: ("Canonical", "ubuntu-24_04-lts", "server"),
    Os.WINDOWS: ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2"),
}
_ARTIFACTS = {
    Os.LINUX: "linux-apt-package",
    Os.WINDOWS: "windows-chocolatey",
}


def first_definition(system: Os, inherited: Collection[str], modeline: str) -> str:
    """Write it; what is ``inherited`` stands there as a remark, to be taken in if wanted."""
    publisher, offer, sku = _BASES[system]
    base = [
        "base:",
        f"  publisher: {publisher}",
        f"  offer: {offer}",
        f"  sku: {sku}",
        "  # version: latest        # or an exact one, which then never moves",
        "# base: {image: path/of/another}  # instead: its newest released version",
    ]
    lines = [
        *([modeline] if modeline else []),
        "# Every field: docs/settings.md. `python -m factory show` says what comes of it.",
        "description: Say in one sentence whom this image is for",
        "",
        "# What it is built from.",
        *_said(base, "base" in inherited),
        *_said([f"os: {system.value}"], "os" in inherited),
        "",
        "# What is installed, in order; sysprep or deprovision is added by itself.",
        "artifacts:",
        f"  - name: {_ARTIFACTS[system]}",
        "    parameters:",
        "      packages: git",
        "  # - another-artifact     # without parameters its name is enough",
        "",
        "# size: Standard_D4s_v5    # VM of the build",
        "# diskType: Premium        # Standard, StandardSSD or Premium",
        "# timeLimit: 4h            # for the VM and for each artifact",
        "# retries: 1               # further attempts, each with a fresh VM",
        "# refresh: 30d             # build again when the newest version is older",
        "# keep: 3                  # released versions that stay",
        "# verify: []             # released once a VM made from it boots (docs/verify.md)",
        "# keepFailed: 3d         # a version that failed stays as long for a look",
        "# tags:",
        "#   costCenter: '4711'",
    ]
    return "\n".join(lines) + "\n"


def _said(lines: list[str], inherited: bool) -> list[str]:
    if not inherited:
        return lines
    taken_in = [line if line.startswith("#") else f"# {line}" for line in lines]
    return ["# Inherited; take it in to change it:", *taken_in]
