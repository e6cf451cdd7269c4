"""Artifacts as a source offers them: a folder of `*/Artifactfile.json`, read once at start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.importer.texts import UnreadableError, is_manifest, read_json

Json = dict[str, Any]

SHIPPED = Path(__file__).parents[1] / "artifacts"

# The scripts that take an installation's identity away; all others leave the machine as itself.
_GENERALIZING = frozenset({"windows-sysprep", "linux-deprovision"})


@dataclass(frozen=True)
class ArtifactDefinition:
    """One artifact; its name is its folder's. `text` is its Artifactfile.json."""

    name: str
    text: Json

    @property
    def title(self) -> str:
        """What people know it by."""
        return str(self.text["title"])

    @property
    def os(self) -> str:
        """Windows or Linux."""
        return str(self.text["targetOsType"])

    @property
    def parameters(self) -> dict[str, Json]:
        """Its parameters, by name."""
        found = self.text.get("parameters")
        return found if isinstance(found, dict) else {}

    @property
    def actions(self) -> list[str]:
        """What is done to the VM once the script has ended, such as `deallocate`."""
        return [str(action["action"]) for action in self.text.get("postDeployActions") or []]

    @property
    def shuts_down(self) -> bool:
        """Whether it leaves the VM deallocated."""
        return "deallocate" in self.actions and "restart" not in self.actions

    @property
    def generalizes(self) -> bool:
        """Whether it is sysprep or deprovision."""
        return self.name.lower() in _GENERALIZING

    def problems(self, values: dict[str, Any]) -> list[str]:
        """Say what is wrong with the parameters given to it, one line for each."""
        known = {name.lower(): (name, spec) for name, spec in self.parameters.items()}
        found = [f"'{name}' is not a parameter" for name in values if name.lower() not in known]
        given = {name.lower(): value for name, value in values.items()}
        for key, (name, spec) in known.items():
            problem = _problem(name, spec, given.get(key, spec.get("defaultValue")))
            if problem:
                found.append(problem)
        return found


def _problem(name: str, spec: Json, value: Any) -> str | None:
    if value is None or value == "":
        if spec.get("allowEmpty", False):
            return None
        return f"parameter '{name}' needs a value"
    if not _fits(str(spec.get("type", "string")).lower(), value):
        return f"parameter '{name}' is not a valid {spec['type']}"
    allowed = [str(choice) for choice in spec.get("allowedValues") or []]
    if allowed and str(value) not in allowed:
        return f"parameter '{name}' must be one of {', '.join(allowed)}"
    return None


def _fits(kind: str, value: Any) -> bool:
    """Tell whether a value, which clients send as a string, is of a parameter's type."""
    if kind in ("string", "securestring"):
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool) or str(value).lower() in ("true", "false", "0", "1")
    if kind == "int":
        return str(value).lstrip("-").isdigit()
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return False
    return isinstance(value, list if kind == "array" else dict)


class ArtifactFolder:
    """The artifacts of a folder, by name without regard to case."""

    def __init__(self, artifacts: list[ArtifactDefinition]) -> None:
        self._artifacts = {artifact.name.lower(): artifact for artifact in artifacts}

    @classmethod
    def read(cls, folder: Path = SHIPPED) -> ArtifactFolder:
        """Read a folder. A file that the lab service could not read is left out, as there."""
        found = [_read(path) for path in sorted(folder.glob("*/*")) if is_manifest(path)]
        return cls([artifact for artifact in found if artifact is not None])

    def find(self, name: str) -> ArtifactDefinition | None:
        """Give an artifact, or None."""
        return self._artifacts.get(name.lower())

    def listed(self) -> list[ArtifactDefinition]:
        """Give all of them, by name."""
        return list(self._artifacts.values())


def _read(path: Path) -> ArtifactDefinition | None:
    try:
        text = read_json(path)
    except UnreadableError:
        return None
    if not isinstance(text, dict) or not {"title", "targetOsType"} <= set(text):
        return None
    return ArtifactDefinition(path.parent.name, text)
