"""Asks the ``pulumi`` command what the program would ask its engine; secrets stay masked.

Configuration goes the program's own way: what `pulumi config` says (stack file, defaults of
Pulumi.yaml, environments) becomes the SDK's configuration, which
factory/settings/engine_config.py reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import Settings, configure

from factory.cli.common.options import Place
from factory.common.errors import FactoryError, Problems
from factory.common.yaml_file import read_yaml
from factory.settings import engine_config
from factory.settings.engine_command import (
    HalfReplaced,
    UnknownStackError,
    ask_engine,
    export_of,
    half_replaced_in,
    outputs_in,
    resources_of,
)
from factory.settings.stack import NAMESPACE
from factory.settings.stack_file import stack_file_name


class CommandLine:
    """One stack, read by ``pulumi`` in its work folder (a :class:`factory.gather.Engine`)."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._exports: dict[str, dict[str, Any]] = {}
        if not (place.work / "Pulumi.yaml").is_file():
            msg = f"{place.work} has no Pulumi.yaml -> name the project's folder by --work"
            raise FactoryError(msg)
        full = self._text("stack", "--show-name", "--fully-qualify-stack-names")
        self._organization, self._project, self._stack = full.strip().split("/")

    @cached_property
    def root(self) -> Path:
        """The program's folder, which relative settings start from: ``main`` of Pulumi.yaml."""
        problems = Problems()
        project = read_yaml(self.place.work / "Pulumi.yaml", "Pulumi.yaml", problems)
        problems.raise_if_any("project")
        main = project.data.get("main") if project else None
        return (self.place.work / str(main or ".")).resolve()

    def _enter(self) -> None:
        """Make the SDK believe that it runs in this stack; several may be read by turns."""
        configure(
            Settings(
                project=self._project,
                stack=self._stack,
                organization=self._organization,
                dry_run=True,
            )
        )
        set_all_config(self._config[0])

    @cached_property
    def _config(self) -> tuple[dict[str, str], frozenset[str]]:
        file = ("--config-file", str(self.place.file)) if self.place.file else ()
        found = self._json("config", "--json", *file)
        hidden = frozenset(key for key, value in found.items() if value.get("secret"))
        return {key: found[key]["value"] for key in found.keys() - hidden}, hidden

    def stack_file(self) -> Path | None:
        """Give the file that most of the configuration comes from, None if there is none."""
        path = self.place.file or self.place.work / stack_file_name(self._stack)
        return path if path.is_file() else None

    def raw_settings(self) -> dict[str, Any]:
        """Collect the configuration as plain values."""
        self._enter()
        return engine_config.raw_settings()

    def provider_setting(self, key: str) -> str | None:
        """Look up one plain key of azure-native's configuration; secret ones come by ``ARM_*``."""
        self._enter()
        return engine_config.provider_setting(key)

    def is_set(self, name: str) -> bool:
        """Tell whether a setting has a value; of a secret nothing else is ever known here."""
        self._enter()
        return f"{NAMESPACE}:{name}" in self._config[1] or engine_config.is_set(name)

    def stack_name(self) -> str:
        """Give the full name of this stack."""
        return f"{self._organization}/{self._project}/{self._stack}"

    def full_name(self, stack: str) -> str:
        """Complete the name of another stack of this project."""
        return stack if "/" in stack else f"{self._organization}/{self._project}/{stack}"

    def stack_folder(self) -> Path:
        """Give the folder with Pulumi.yaml and the stack files."""
        return self.place.file.parent if self.place.file else self.place.work

    def own_resources(self, stack: str) -> Mapping[str, Mapping[str, Any]]:
        """Read a stack's resources as last saved."""
        return resources_of(self.export(stack))

    def half_replaced(self, stack: str) -> HalfReplaced:
        """Give what replacements that failed before have left in a stack's state."""
        return half_replaced_in(self.export(stack))

    def digest(self, name: str, salt: str) -> str:  # noqa: ARG002 - nobody decrypts for a command
        """Tell nothing of a secret: a command line never reads one."""
        return ""

    def export(self, stack: str) -> dict[str, Any]:
        """Read a stack's deployment, secrets masked; one command looks at it once."""
        if stack not in self._exports:
            self._exports[stack] = export_of(stack, self.place.work)
        return self._exports[stack]

    def outputs_of(self, stack: str) -> Mapping[str, Any]:
        """Read another stack's outputs as last saved; {} for a stack that does not exist (yet)."""
        try:
            return outputs_in(self.export(stack))
        except UnknownStackError:
            return {}

    def updates(self) -> list[dict[str, Any]]:
        """List the stack's updates, newest first."""
        found: list[dict[str, Any]] = self._json(
            "stack", "history", "--json", "--page-size", "1000000"
        )
        return found

    def _json(self, *words: str, stack: str | None = None) -> Any:
        return json.loads(self._text(*words, stack=stack) or "{}")

    def _text(self, *words: str, stack: str | None = None) -> str:
        return ask_engine(stack or self.place.stack, self.place.work, *words)
