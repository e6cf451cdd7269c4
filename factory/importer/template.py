"""Finds the lab VM in an ARM template, and reads its properties whatever their letter case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from factory.importer.expressions import HOLE, Scope, UnresolvedError, Value
from factory.importer.notes import Notes

_VM = "microsoft.devtestlab/labs/virtualmachines"
# Given at every run of the original; here the factory sees to them itself.
_RUN_PARAMETERS = frozenset({"newvmname", "labname", "size", "username", "password"})


@dataclass(frozen=True)
class LabVm:
    """One lab VM of a template: its properties by lower-cased name, resolved when asked for."""

    where: str
    properties: Mapping[str, Any]
    tags: Mapping[str, Any]
    scope: Scope
    notes: Notes

    def raw(self, name: str) -> Any:
        """Give a property as it stands in the template, None if it is not there.

        A list or an object may stand in a variable or in a parameter's default.
        """
        value = self.properties.get(name.lower())
        try:
            content = self.scope.resolve(value).content
        except UnresolvedError:
            return value
        return content if isinstance(content, list | Mapping) else value

    def text(self, name: str, value: Any = None, *, lost: str = "") -> str | None:
        """Resolve a property (or a ``value`` within it); None if it has no value.

        ``lost`` says what its absence means here; then it is noted as not carried over.
        """
        raw = self.raw(name) if value is None else value
        if raw is None or raw == "":
            return None
        found = self.resolved(name, raw, lost=lost)
        return found.text if found is not None else None

    def resolved(self, name: str, raw: Any, *, lost: str = "") -> Value | None:
        """Resolve a value; one that is open, or that is no plain text, is noted and gives None."""
        try:
            found = self.scope.resolve(raw)
        except UnresolvedError as error:
            reason = str(error)
        else:
            plain = isinstance(found.content, str | int | float | bool)
            if plain and HOLE not in found.text and not found.secret:
                return found
            if found.secret:
                reason = "its value is a secret, which cannot stand here"
            else:
                reason = "; ".join(found.holes) or "is no plain value"
        self.notes.lost(self.where, name, f"{reason}{f'; {lost}' if lost else ''}")
        return None


def find_vm(where: str, template: Any, notes: Notes) -> LabVm | None:
    """Give the lab VM of a template; None, with the reason noted, if there is none.

    The original takes the first resource; templates of the portal may put others before it.
    """
    if not isinstance(template, Mapping) or not isinstance(template.get("resources"), list):
        notes.lost(where, "", "is no ARM template (it has no list of resources)")
        return None
    everything = list(_resources(template["resources"], "", 0))
    machines = [found for kind, found in everything if kind == _VM]
    if not machines:
        notes.lost(where, "", "has no lab VM (Microsoft.DevTestLab/labs/virtualmachines) in it")
        return None
    for index in range(1, len(machines)):
        notes.lost(
            where, f"lab VM {index + 1}", "a definition is one VM; give it a file of its own"
        )
    others = sorted({kind for kind, _ in everything if kind != _VM})
    for kind in others:
        notes.lost(where, f"resource {kind}", "a definition builds a VM and nothing beside it")
    machine = machines[0]
    for key in ("copy", "condition", "dependson"):
        if key in machine and key != "dependson":
            notes.lost(where, key, "a definition is always built, once")
    scope = Scope.of(template)
    _open_parameters(where, scope, notes)
    properties = machine.get("properties")
    tags = machine.get("tags")
    return LabVm(
        where,
        {str(k).lower(): v for k, v in properties.items()}
        if isinstance(properties, Mapping)
        else {},
        tags if isinstance(tags, Mapping) else {},
        scope,
        notes,
    )


def _resources(found: Any, above: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every resource with its full type in lower case, those within a lab included."""
    if not isinstance(found, list) or depth > 5:
        return
    for each in found:
        if not isinstance(each, Mapping):
            continue
        resource = {str(key).lower(): value for key, value in each.items()}
        kind = str(resource.get("type", "")).strip().lower()
        full = f"{above}/{kind}" if above and not kind.startswith("microsoft.") else kind
        inner = list(_resources(resource.get("resources"), full, depth + 1))
        # A lab around its VM is the lab that is there already.
        if not (full == "microsoft.devtestlab/labs" and any(k == _VM for k, _ in inner)):
            yield full, resource
        yield from inner


def _open_parameters(where: str, scope: Scope, notes: Notes) -> None:
    """The original passes five parameters alone: with another open one its deployment failed."""
    for name, spec in scope.parameters.items():
        if name in _RUN_PARAMETERS or not isinstance(spec, Mapping):
            continue
        if "defaultValue" not in spec:
            notes.lost(where, f"parameter {name}", "has no default, and the original gave it none")
