"""From a stack's name to the plan's inputs: what every command begins with."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cached_property

from factory.cli.common.engine import CommandLine
from factory.cli.common.options import Place, place, warn
from factory.gather import Sources, connect, gather, read_sources
from factory.plan.inputs import Inputs


@dataclass(frozen=True)
class Reading:
    """One stack with everything that was read of it."""

    engine: CommandLine
    sources: Sources
    inputs: Inputs


class Stack:
    """One stack as named on the command line; nothing is read before it is asked for."""

    def __init__(self, where: Place) -> None:
        self.place = where

    @classmethod
    def of(cls, options: argparse.Namespace) -> Stack:
        """Take the stack that the options name."""
        return cls(place(options))

    @cached_property
    def engine(self) -> CommandLine:
        """The ``pulumi`` command in the stack's work folder."""
        return CommandLine(self.place)

    def read(self, *, catalogue: bool = True) -> Reading:
        """Read settings, definitions, ledger, catalogue and Azure; warnings go to stderr.

        ``catalogue`` is False where the stack's source is played ahead and not asked.

        Raises :class:`FactoryError` or :class:`ArmError`.
        """
        sources, engine = self.sources(), self.engine
        inputs = gather(sources, engine, connect(engine), catalogue=catalogue)
        return Reading(engine, sources, inputs)

    def sources(self, *, use_lock: bool = True) -> Sources:
        """Read settings, definitions and, with ``use_lock``, the lock; warnings go to stderr.

        Raises :class:`FactoryError`.
        """
        engine = self.engine
        sources = read_sources(engine.root, engine, self.place.images, use_lock=use_lock)
        for warning in sources.warnings:
            warn(str(warning))
        return sources

    def sources_of(self, reading: Reading) -> list[Stack]:
        """Give the stacks that this one takes from; they are read in the same work folder."""
        names = reading.inputs.sources
        return [Stack(Place(name, self.place.work, None, self.place.images)) for name in names]
