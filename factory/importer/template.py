"""Finds what an ARM template makes lab images of, and reads its properties whatever letter case."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from factory.importer.arm.scope import Scope, Work
from factory.importer.arm.values import Secure, is_open, is_secure, lowered, plain
from factory.importer.machines import FORMULA, KINDS, VM, lab_properties, object_of, plan_of
from factory.importer.notes import Kind, Notes
from factory.importer.secrets import looks_secret

_DEPLOYMENT = "microsoft.resources/deployments"
_DEEPEST, _MOST, _MOST_TURNS = 8, 200, 5_000
_WHY_LOST = {
    "microsoft.compute/virtualmachines/extensions": "what it does to a VM; make an artifact of it",
}


@dataclass(frozen=True)
class Reading:
    """What a value is as text; None if a part of it is open, for these ``reasons``."""

    text: str | None
    secret: bool = False
    reasons: str = ""
    written: str = ""
    """As the template has it, where that is an expression without a value."""


@dataclass(frozen=True)
class LabVm:
    """One lab VM of a source: its properties by lower-cased name, evaluated."""

    where: str
    properties: Mapping[str, Any]
    tags: Mapping[str, Any]
    notes: Notes
    work: Work = field(default_factory=Work)
    name: str = ""
    """The resource's own name, if it is known."""
    of_original: bool = True
    """Whether the original made images of such a thing."""
    asks_size: bool = False
    """Whether its size is the parameter that the original gave to each run."""
    vaults: Mapping[str, dict[str, str]] = field(default_factory=dict)
    """Secrets of a key vault by the hole that stands for one."""
    secure: tuple[Any, ...] = ()
    """Values that the source keeps secure."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Definitions by the custom image, in lower case, that each is made of."""
    remarks: tuple[str, ...] = ()
    """What is left to be done by hand, for the definition's head."""

    def titled(self, title: str) -> LabVm:
        """Give it with a title as its notes, if it has none."""
        known = not title or self.properties.get("notes")
        return self if known else replace(self, properties={**self.properties, "notes": title})

    def raw(self, name: str) -> Any:
        """Give a property's value, None if it is not there."""
        return self.properties.get(name.lower())

    def read(self, value: Any) -> Reading:
        """Read a value as text, a list or an object as JSON."""
        content, reasons = plain(value), self.work.holes.why(value)
        if isinstance(content, bool):
            text = "true" if content else "false"
        elif content is None or isinstance(content, str | int | float):
            text = "" if content is None else str(content)
        else:
            text = json.dumps(content, ensure_ascii=False)
        if not reasons:
            return Reading(text, is_secure(value))
        written = self.work.raw.get(text, "[the template's expression, with several values]")
        return Reading(None, is_secure(value), "; ".join(reasons), written)

    def text(self, name: str, value: Any = None, *, lost: str = "") -> str | None:
        """Read a property (or a ``value`` within it); None if it has no plain value.

        ``lost`` says what its absence means here; then it is noted as not carried over.
        """
        raw = self.raw(name) if value is None else value
        if raw is None or raw == "":
            return None
        found = self.read(raw)
        if found.secret:
            reason = "its value is a secret, which cannot stand here"
        elif isinstance(plain(raw), list | Mapping):
            reason = "is no plain value"
        elif found.text is not None:
            return found.text
        else:
            reason = found.reasons
        self.notes.lost(self.where, name, f"{reason}{f'; {lost}' if lost else ''}")
        return None


@dataclass(frozen=True)
class _Resource:
    """A resource as it stands, keys in lower case, and the scope that it is evaluated in."""

    kind: str
    fields: Mapping[str, Any]
    scope: Scope


def find_vms(
    where: str, template: Any, notes: Notes, parameters: Mapping[str, Any] | None = None
) -> list[LabVm]:
    """Give the lab VMs and formulas of a template; none, with the reason noted, if there are none.

    ``parameters`` is the content of the parameters file beside it.
    """
    fields = lowered(template)
    if not isinstance(fields.get("resources"), list | Mapping):
        shown = [_shown(each) for each in (template if isinstance(template, list) else [template])]
        fields = {"resources": [each for each in shown if each]}
        if not fields["resources"]:
            notes.lost(where, "", _no_template(template))
            return []
    work = Work()
    given, vaults = _given(parameters, work)
    scope = Scope.of(fields, given, work, looks_secret)
    found = list(_Walk(where, notes).resources(fields["resources"], scope, "", 0))
    secure = tuple(_secure_values(found, scope))
    machines = [each for each in found if each.kind in KINDS]
    for each in found:
        if each.kind not in KINDS:
            why = "a definition builds a VM and nothing beside it"
            why = each.fields.get("why") or _WHY_LOST.get(each.kind, why)
            notes.lost(where, f"resource {each.kind}", why)
    if not machines:
        what = "Microsoft.DevTestLab/labs/virtualmachines"
        notes.lost(where, "", f"has no lab VM ({what}) and no formula in it that is deployed")
    read = [_machine(where, each, notes, vaults, secure) for each in machines[:_MOST]]
    return _different(where, [each for each in read if each is not None], notes)


def _shown(content: Any) -> dict[str, Any]:
    """Give a resource as the portal, the REST API and `az lab` show it; {} if it is none."""
    fields = lowered(content)
    if str(fields.get("type", "")).lower() in KINDS:
        return fields if "properties" in fields else {**fields, "properties": fields}
    return {}


def _no_template(content: Any) -> str:
    if isinstance(content, list) and any("artifactid" in lowered(each) for each in content):
        return "is a list of artifacts alone: name them in a definition of the image they are for"
    return "is no ARM template (it has no resources)"


def is_parameters(content: Any) -> bool:
    """Tell whether a file holds values for a template's parameters."""
    fields = lowered(content)
    if "resources" in fields or "deploymenttemplate" in str(fields.get("$schema", "")).lower():
        return False
    its = fields.get("parameters")
    return isinstance(its, Mapping) and all(
        isinstance(each, Mapping) and lowered(each).keys() & {"value", "reference"}
        for each in its.values()
    )


@dataclass
class _Walk:
    """Goes through a template's resources as a deployment would."""

    where: str
    notes: Notes
    left: int = _MOST_TURNS

    def resources(self, found: Any, scope: Scope, above: str, depth: int) -> Iterator[_Resource]:
        """Give every resource that is deployed, with its full type; those within one included."""
        listed = found.values() if isinstance(found, Mapping) else found
        if not isinstance(listed, Iterable) or isinstance(listed, str) or depth > _DEEPEST:
            return
        for each in listed:
            fields = lowered(each)
            if not fields or fields.get("existing") is True:
                continue
            kind = str(fields.get("type", "")).strip().lower()
            full = f"{above}/{kind}" if above and not kind.startswith("microsoft.") else kind
            for own in self.turns(full, fields, scope):
                self.left -= 1
                if self.left < 0:
                    why = f"more than {_MOST_TURNS} resources; the rest is not read"
                    self.notes.lost(self.where, "resources", why)
                    return
                yield from self.one(full, fields, own, depth)

    def one(
        self, kind: str, fields: dict[str, Any], scope: Scope, depth: int
    ) -> Iterator[_Resource]:
        """Give one resource and those within it."""
        if kind == _DEPLOYMENT:
            yield from self.nested(fields, scope, depth)
            return
        inner = list(self.resources(fields.get("resources"), scope, kind, depth + 1))
        # A lab around its VM is the lab that is there already.
        around = kind == "microsoft.devtestlab/labs"
        if not (around and any(each.kind in KINDS for each in inner)):
            yield _Resource(kind, fields, scope)
        yield from inner

    def turns(self, kind: str, fields: Mapping[str, Any], scope: Scope) -> Iterator[Scope]:
        """Give a scope for each time that a resource is deployed: by its loop and condition."""
        loop = lowered(fields.get("copy"))
        scopes = [scope]
        if "count" in loop:
            turns, name = scope.turns_of(loop), str(loop.get("name", ""))
            if isinstance(turns, str):
                why = "; ".join(scope.work.holes.why(turns))
                self.notes.lost(self.where, f"{kind}: copy", f"{why}; one of them is taken")
                turns = range(1)
            scopes = [scope.turn(name, index) for index in turns]
        for own in scopes:
            asked = plain(own.evaluate(fields.get("condition", True)))
            if asked in (False, "false", "False"):
                why = "is false, with the values that are known; nothing is made of it"
                self.notes.add(Kind.DIFFERENT, self.where, f"{kind}: condition", why)
                continue
            if is_open(asked):
                why = "; ".join(own.work.holes.why(asked))
                self.notes.lost(self.where, f"{kind}: condition", f"{why}; it is taken for true")
            yield own

    def nested(self, fields: Mapping[str, Any], scope: Scope, depth: int) -> Iterator[_Resource]:
        """Give the resources of a deployment within one, in the scope that its expressions have."""
        properties = lowered(fields.get("properties"))
        template = lowered(properties.get("template"))
        if not template:
            why = "its template is elsewhere (templateLink); import that file too"
            self.notes.lost(self.where, f"resource {_DEPLOYMENT}", why)
            return
        options = lowered(properties.get("expressionevaluationoptions"))
        if str(options.get("scope", "")).lower() == "inner":
            # Bicep writes a parameter that may be missing as an expression that gives its object.
            values = object_of(scope.evaluate(properties.get("parameters")))
            given: dict[str, Any] = {}
            for name, each in values.items():
                its = object_of(each)
                if "reference" in its:
                    why = f"parameter {name!r} stands in a key vault"
                    its["value"] = Secure(scope.work.holes.hole(why))
                if is_open(each, deep=False) or "value" in its:
                    given[name] = its.get("value", each)
            scope = Scope.of(template, given, scope.work, scope.secret_name)
        yield from self.resources(template.get("resources"), scope, "", depth + 1)


def _given(content: Any, work: Work) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Read a parameters file; what stands in a key vault is open, and known as what it is."""
    given: dict[str, Any] = {}
    vaults: dict[str, dict[str, str]] = {}
    for name, each in lowered(lowered(content).get("parameters")).items():
        fields = lowered(each)
        reference = lowered(fields.get("reference"))
        if not reference:
            given[name] = fields.get("value")
            continue
        vault = str(lowered(reference.get("keyvault")).get("id", "")).rstrip("/").rsplit("/", 1)[-1]
        secret = str(reference.get("secretname", ""))
        hole = work.holes.hole(f"parameter {name!r} stands in the key vault {vault}")
        given[name] = Secure(hole)
        vaults[hole] = {"keyVault": vault, "secret": secret}
    return given, vaults


def _secure_values(found: Iterable[_Resource], scope: Scope) -> Iterator[Any]:
    """Give every value that a template's parameters keep secure, needed or not."""
    for own in {id(each.scope.known): each.scope for each in found}.values():
        for name in own.parameters:
            yield from _secure_parts(own.parameter(name))
        for name in own.variables:
            yield from _secure_parts(own.variable(name))
    for name in scope.parameters:
        yield from _secure_parts(scope.parameter(name))


def _secure_parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Secure):
        if not is_open(plain(value)):
            yield plain(value)
    elif isinstance(value, list | Mapping):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _secure_parts(each)


def _machine(
    where: str,
    found: _Resource,
    notes: Notes,
    vaults: Mapping[str, dict[str, str]],
    secure: tuple[Any, ...],
) -> LabVm | None:
    scope = found.scope
    evaluated = object_of(scope.evaluate(found.fields.get("properties")))
    properties = lab_properties(found.kind, evaluated)
    if not properties and found.kind == FORMULA:
        why = "a formula without its content (it was made of a VM that only its lab knows)"
        notes.lost(where, "formulaContent", why)
        return None
    if plan := plan_of(scope.evaluate(found.fields.get("plan"))):
        properties["plan"] = plan
    tags = properties.pop("tags", None) or scope.evaluate(found.fields.get("tags"))
    remarks = properties.pop("remarks", None) or found.fields.get("remarks") or ()
    size = lowered(found.fields.get("properties")).get("size")
    own = [plain(properties.get(name)) for name in ("password", "sshkey")]
    name = plain(scope.evaluate(found.fields.get("name")))
    known = isinstance(name, str) and not is_open(name.rsplit("/", 1)[-1])
    return LabVm(
        where,
        properties,
        tags if isinstance(tags, Mapping) else {},
        notes,
        scope.work,
        name=name.rsplit("/", 1)[-1] if known else "",
        of_original=found.kind == VM and "foreign" not in found.fields,
        asks_size=isinstance(size, str) and "parameters('size')" in size.replace(" ", "").lower(),
        vaults=vaults,
        secure=secure + tuple(each for each in own if isinstance(each, str) and not is_open(each)),
        remarks=tuple(map(str, remarks)),
    )


def _different(where: str, found: list[LabVm], notes: Notes) -> list[LabVm]:
    """Leave out what is the same VM once more: a loop's, as a rule."""
    kept: list[LabVm] = []
    for each in found:
        same = (each.properties, each.tags)
        if all((other.properties, other.tags) != same for other in kept):
            kept.append(each)
    if len(kept) < len(found):
        why = f"{len(found)} VMs of {len(kept)} kinds: a definition is built once"
        notes.add(Kind.DIFFERENT, where, "copy", why)
    return kept
