"""`make bench`: how fast 300 definitions are validated, beside the bare parser on the same files.

What counts is the ratio of one run: seconds are those of the machine. The command is a process of
its own, so that its start is part of what an author waits for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[1]
_DEFINITIONS = 300
_ARTIFACTS = 12
_STACK = """config:
  azure-native:subscriptionId: 5b0c7c1e-8d0e-4a4f-9c3b-2f6d1a7e9001
  azure-native:location: westeurope
  image-factory:resourceGroup: rg-image-factory
  image-factory:factoryLab: {name: factory, resourceGroup: rg-image-factory, create: true}
  image-factory:labs:
    - {name: team, resourceGroup: rg-team, region: westeurope, images: ["**"]}
"""
_BASE = "os: linux\nbase: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server}\n"


def main() -> int:
    """Measure and print; 1 if the definitions made for it do not validate."""
    with tempfile.TemporaryDirectory(prefix="validate-bench-") as name:
        folder = Path(name)
        files = _write(folder)
        size = sum(file.stat().st_size for file in files)
        whole = _seconds(lambda: _validate(folder))
        bare = _seconds(lambda: _parse(files))
    print(f"{'':28}{'validate':>14}{'bare parser':>14}{'ratio':>8}")
    title = f"{_DEFINITIONS} definitions, s"
    print(f"{title:28}{whole:14.2f}{bare:14.2f}{whole / bare:8.2f}   ({size // 1024} KiB)")
    return 0


def _write(folder: Path) -> list[Path]:
    (folder / "Pulumi.yaml").write_text("name: image-factory\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text(_STACK)
    files = []
    for number in range(_DEFINITIONS):
        file = folder / "images" / f"team-{number % 15}" / f"image-{number}.yaml"
        if not file.parent.is_dir():
            file.parent.mkdir(parents=True)
            (file.parent / "defaults.yaml").write_text(_BASE)
        artifacts = "".join(
            f"  - name: linux-apt-package\n    parameters:\n      packages: tool-{each} git curl\n"
            for each in range(_ARTIFACTS)
        )
        file.write_text(
            f"description: Image {number}\ntags: {{n: '{number}'}}\nartifacts:\n{artifacts}"
        )
        files.append(file)
    return files


def _validate(folder: Path) -> None:
    command = [sys.executable, "-m", "factory", "validate"]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "IMAGE_FACTORY_WORK": str(folder)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"the definitions of the bench do not validate: {done.stdout[:400]}{done.stderr}"
        raise RuntimeError(message)


def _parse(files: list[Path]) -> None:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for file in files:
        yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe one


def _seconds(what: Callable[[], None]) -> float:
    """Give the best of three times."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        what()
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
