"""An old template's artifacts as ours: name, source and parameters, sysprep left to the factory."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from factory.definitions.artifact import is_expression
from factory.definitions.definition import PUBLIC_SOURCE, Os
from factory.importer.arm.values import HOLE, is_secure, lowered, plain
from factory.importer.secrets import Secrets
from factory.importer.template import LabVm

_ID = re.compile(r"/artifactsources/(?P<source>[^/]+)/artifacts/(?P<name>[^/]+)/?$", re.IGNORECASE)
# What the loader refuses, so that an image is never built without what its author wanted in it.
_UNKNOWN = "<artifact that could not be read>"
_MOST = 500
_GENERALIZERS = {os.generalizer for os in Os}


def convert_artifacts(vm: LabVm, secrets: Secrets) -> list[Any]:
    """Give the artifacts in order, short where nothing but the name is to be said.

    A last sysprep or deprovision of the public repository is left out: the factory appends it.
    """
    raw = vm.raw("artifacts")
    if raw is None or raw == "":
        return []
    if not isinstance(raw, list):
        vm.notes.lost(vm.where, "artifacts", vm.read(raw).reasons or "is no list")
        return [_UNKNOWN]
    if len(raw) > _MOST:
        vm.notes.lost(vm.where, "artifacts", f"{len(raw)} of them, {_MOST} are read")
    found = [_one(vm, f"artifacts[{i}]", each, secrets) for i, each in enumerate(raw[:_MOST])]
    if found and isinstance(found[-1], str) and found[-1] in _GENERALIZERS:
        found.pop()
    return found


def _one(vm: LabVm, place: str, raw: Any, secrets: Secrets) -> Any:
    fields = lowered(raw)
    named = _named(vm, place, fields.get("artifactid"))
    if named is None:
        return _UNKNOWN
    source, name = named
    parameters = _parameters(vm, place, name, fields.get("parameters"), secrets)
    own = source.lower() != PUBLIC_SOURCE
    if not own and not parameters:
        return name
    return {
        "name": name,
        **({"source": source} if own else {}),
        **({"parameters": parameters} if parameters else {}),
    }


def _named(vm: LabVm, place: str, raw: Any) -> tuple[str, str] | None:
    """Read source and name out of an artifact's id, whole or short."""
    text = plain(raw) if isinstance(plain(raw), str) else ""
    match = _ID.search(unquote(text))
    if match is None or HOLE in match[0] or is_secure(raw):
        reasons = vm.read(raw).reasons
        why = "a part of it is given at deployment alone" if match else "is no artifact's id"
        vm.notes.lost(vm.where, f"{place}.artifactId", reasons if not match and reasons else why)
        return None
    return match["source"], match["name"]


def _parameters(vm: LabVm, place: str, artifact: str, raw: Any, secrets: Secrets) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in raw if isinstance(raw, list) else ():
        fields = lowered(each)
        name = fields.get("name")
        if not isinstance(name, str) or not name or HOLE in name:
            vm.notes.lost(
                vm.where,
                f"{place}.parameters",
                f"one of them has no name: {', '.join(fields) or each}",
            )
            continue
        found[name] = _value(vm, f"{place}.{name}", (artifact, name), fields.get("value"), secrets)
    if raw is not None and not isinstance(raw, list):
        vm.notes.lost(vm.where, f"{place}.parameters", "is no list of names and values")
    return found


def _value(
    vm: LabVm, place: str, named: tuple[str, str], raw: Any, secrets: Secrets
) -> dict[str, str] | str:
    """Give a parameter's value as text, or the secret that it is now."""
    artifact, parameter = named
    found = vm.read(raw)
    if isinstance(plain(raw), str) and (vault := vm.vaults.get(plain(raw))):
        return dict(vault)
    if found.text == "" and not found.secret:
        return ""
    looks = found.written if found.text is None else found.text
    if found.secret or secrets.is_secret(artifact, parameter, looks):
        return {"secret": secrets.name_for(vm.where, artifact, parameter, found.text)}
    if found.text is None:
        why = f"{found.reasons}; write its value in the place of the expression"
        vm.notes.lost(vm.where, place, why)
        # The loader refuses an expression, so that nobody builds with it unawares.
        return found.written
    if is_expression(found.text):
        return f"[{found.text}"  # a plain bracket, which is doubled for ARM
    return found.text
