"""Checks ``Pulumi.yaml``: an option of the engine that this program cannot be run with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from factory.common.errors import Problems
from factory.common.yaml_file import read_yaml


def check_options(folder: Path | None, problems: Problems) -> None:
    """Note it as an error if every run is to begin with a refresh (``options: {refresh: always}``).

    The program reads its state before the engine refreshes it, so that what is gone from Azure
    would still be planned with. What else is wrong with the file is the engine's to say.
    """
    path = folder / "Pulumi.yaml" if folder is not None else None
    file = read_yaml(path, "Pulumi.yaml", Problems()) if path and path.is_file() else None
    options = file.data.get("options") if file else None
    if file is None or not isinstance(options, Mapping) or not options.get("refresh"):
        return
    problems.error(
        file.place(("options", "refresh")),
        "options.refresh is set: a run would be planned by the state from before its refresh",
        "take it out, and run `pulumi refresh` before `pulumi up`",
    )
