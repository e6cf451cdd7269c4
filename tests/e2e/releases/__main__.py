"""Make the state that a release leaves behind, kept as a test for every release after it.

    python -m tests.e2e.releases NAME [--program CHECKOUT]

The program of CHECKOUT (this one, unless said) is run on this checkout's local Azure.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from factory.settings.engine_config import git_commit
from rehearsal.azure.artifacts import SHIPPED
from tests.e2e.harness import CHECKOUT, FactoryUnderTest
from tests.e2e.releases import archive, company


def main() -> int:
    """Make one state; the exit code is 0, or the reason why not is raised."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.releases", description=__doc__)
    parser.add_argument("name", help="of the release: the name of its folder here")
    parser.add_argument("--program", type=Path, default=CHECKOUT, help="checkout of the release")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        factory = FactoryUnderTest(Path(scratch), program=options.program.resolve())
        archive.prepare(factory)
        shutil.copytree(SHIPPED, factory.root / "artifacts")
        factory.start("--artifacts", str(factory.root / "artifacts"))
        try:
            company.live(factory)
            factory.rehearsal("clock", "--freeze")
            release = archive.taken(factory, git_commit(factory.program), company.STACKS)
        finally:
            factory.rehearsal("stop")
        path = archive.write(options.name, release)
    count = sum(len(release.urns(stack)) for stack in release.stacks)
    print(f"{path}: {count} resources, {path.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
