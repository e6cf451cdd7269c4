"""The life of a small factory in phases, each of which can be begun again from where it began.

A phase is what a person changed, then one run of one stack. What stood before it is kept on disk
(local Azure, its clock and record, both states), so that every accident meets the same.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rehearsal.up import Runner
from tests.e2e.harness import ENGINEERING_US, TEAM_DATA, TEAM_WEB, FactoryUnderTest

JAVA, NODE = "linux-java", "linux-install-nodejs"
# What receives comes after what it receives from.
STACKS = ("dev", "prod")


@dataclass(frozen=True)
class Phase:
    """``change`` is done by a person before ``stack`` is brought up; ``tried`` tells whether
    accidents are arranged in it, or it only leads to the next one."""

    name: str
    stack: str
    change: Callable[[FactoryUnderTest], None]
    tried: bool = True


def _configured(factory: FactoryUnderTest) -> None:
    # Each image has less than an hour of Azure: an operation that hangs ends with that.
    factory.define("linux/base", artifacts=[JAVA], timeLimit="4h")
    own = {"keep": {"newest": 1}, "pollInterval": "0.1s"}
    factory.configure_dev([TEAM_WEB, TEAM_DATA], **own)
    factory.configure_prod([ENGINEERING_US], **own)


def _layered(factory: FactoryUnderTest) -> None:
    factory.define(
        "linux/app",
        base={"image": "linux/base"},
        artifacts=[NODE],
        verify={"artifacts": [JAVA]},
        timeLimit="4h",
    )


def _renewed(factory: FactoryUnderTest) -> None:
    factory.define("linux/base", artifacts=[JAVA, NODE], timeLimit="4h")


def _nothing(_: FactoryUnderTest) -> None:
    pass


PHASES = (
    Phase("build", "dev", _configured),
    Phase("layer", "dev", _layered),
    Phase("receive", "prod", _nothing),
    Phase("renew", "dev", _renewed, tried=False),
    Phase("retire", "dev", _nothing),
    Phase("receive again", "prod", _nothing, tried=False),
    Phase("drop", "prod", _nothing),
)


class Life:
    """One factory below ``root``, and what stood at the beginning of every phase."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._kept = root.with_name(f"{root.name}-kept")
        self.factory = FactoryUnderTest(root)

    def begin(self) -> None:
        """Start from nothing."""
        for folder in (self._root, self._kept):
            shutil.rmtree(folder, ignore_errors=True)
        self._root.mkdir(parents=True)
        self.factory.start()

    def keep(self, name: str) -> None:
        """Keep what stands, by a name; the local Azure goes on after it."""
        self.end()
        shutil.copytree(self._root, self._kept / name, symlinks=True)
        self.factory.start()

    def go_back(self, name: str) -> None:
        """Stand again where that was kept."""
        self.end()
        shutil.rmtree(self._root)
        shutil.copytree(self._kept / name, self._root, symlinks=True)
        self.factory.start()

    def end(self) -> None:
        """Stop the local Azure, if it runs."""
        if self.factory.home.read_server() is not None:
            self.factory.rehearsal("stop")

    def up(self, stack: str) -> tuple[bool, str]:
        """Bring one stack up exactly as `make up` does; gives whether that went well, and its text.

        Raises :class:`rehearsal.workspace.WorkspaceError` if an engine command has no way on.
        """
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            outcome = Runner(self.factory.home, dict(self.factory.env)).up(stack)
        return outcome.succeeded, said.getvalue()

    def unlock(self, stack: str) -> None:
        """Release the lock of a process that is gone, as `make up` does."""
        with contextlib.redirect_stdout(io.StringIO()):
            Runner(self.factory.home, dict(self.factory.env)).unlock(stack)
