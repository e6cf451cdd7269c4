"""Makes the tables of this folder from Microsoft's SDKs: `python -m rehearsal.azure.tables.make`.

Facts alone are taken over: operations with verb, path and codes; properties with type and enum.
The SDKs are needed for this and for the tests, never by the server. A test compares the tables
with the SDKs that are installed.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

Json = dict[str, Any]

FOLDER = Path(__file__).parent
LAB = "azure.mgmt.devtestlabs"
COMPUTE = "azure.mgmt.compute"
RESOURCES = "azure.mgmt.resource"

# Which operation groups of which package go into a table; None: all of them. Compute has some
# sixty groups: those that a lab never touches are named in docs/rehearsal.md as a whole.
SOURCES: dict[str, tuple[tuple[str, tuple[str, ...] | None], ...]] = {
    "devtestlab": ((LAB, None),),
    "compute": (
        (f"{COMPUTE}.v2024_03_02", ("DisksOperations", "SnapshotsOperations")),
        (
            f"{COMPUTE}.v2024_11_01",
            (
                "ImagesOperations",
                "UsageOperations",
                "VirtualMachineImagesOperations",
                "VirtualMachinesOperations",
            ),
        ),
        (f"{COMPUTE}.v2021_07_01", ("ResourceSkusOperations",)),
        (
            f"{COMPUTE}.v2023_07_03",
            (
                "GalleriesOperations",
                "GalleryImagesOperations",
                "GalleryImageVersionsOperations",
                "GallerySharingProfileOperations",
            ),
        ),
    ),
    "resources": (
        (f"{RESOURCES}.resources", None),
        (f"{RESOURCES}.subscriptions", None),
    ),
}
# Bodies of these are checked; ARM reads those of Microsoft.Resources itself.
CHECKED = ("devtestlab", "compute")
# Paths come in lower case from the SDK; so Azure writes the types in its answers.
_CASES = (
    *("artifactSources", "armTemplates", "customImages", "galleryImages", "notificationChannels"),
    *("policySets", "serviceFabrics", "serviceRunners", "virtualMachines", "virtualNetworks"),
)
_METHOD = re.compile(r"\n    def (\w+)\(")
_REQUEST = re.compile(r"_request = (build_\w+_request)\(")
_CODES = re.compile(r"status_code not in \[([\d, ]+)\]")
_BODY = re.compile(r"self\._serialize\.body\(\s*\w+, \"(\w+)\"")
_PARAMETER = re.compile(r"{\w+(:.*?)?}")


def main() -> int:
    """Write every table."""
    for name in SOURCES:
        (FOLDER / f"{name}.json").write_text(text(build(name)), encoding="utf-8")
    return 0


def build(name: str) -> Json:
    """Make one table."""
    found: list[Json] = []
    models: dict[str, type] = {}
    enums: Json = {}
    for package, groups in SOURCES[name]:
        for operation, needed in _operations(package, groups):
            found.append(operation)
            if needed and name in CHECKED:
                _collect(importlib.import_module(f"{package}.models"), needed, models, enums)
    table: Json = {"operations": found}
    if name == "devtestlab":
        table["types"] = _types(found)
    table["models"] = {model: _properties(cls, enums) for model, cls in sorted(models.items())}
    table["enums"] = {key: enums[key] for key in sorted(enums)}
    return table


def text(table: Json) -> str:
    """Write a table with one row in a line, so that a change of the SDK reads as a diff."""
    parts = []
    for name, rows in table.items():
        if isinstance(rows, list):
            lines = ",\n".join(json.dumps(row) for row in rows)
            parts.append(f"{json.dumps(name)}: [\n{lines}\n]")
        else:
            lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items())
            parts.append(f"{json.dumps(name)}: {{\n{lines}\n}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _operations(package: str, groups: tuple[str, ...] | None) -> Iterator[tuple[Json, str | None]]:
    module = importlib.import_module(f"{package}.operations")
    for group, cls in inspect.getmembers(module, inspect.isclass):
        if not group.endswith("Operations") or (groups is not None and group not in groups):
            continue
        source = inspect.getsource(cls)
        owner = importlib.import_module(cls.__module__)
        starts = [(found.group(1), found.start()) for found in _METHOD.finditer(source)]
        ends = [start for _, start in starts[1:]] + [len(source)]
        for (method, start), end in zip(starts, ends, strict=True):
            operation = _operation(owner, group, method, source[start:end])
            if operation is not None:
                yield operation


def _operation(
    owner: ModuleType, group: str, method: str, source: str
) -> tuple[Json, str | None] | None:
    request = _REQUEST.search(source)
    if request is None:
        return None
    builder = inspect.getsource(getattr(owner, request.group(1)))
    verb = re.search(r'method="(\w+)"', builder)
    path = re.search(r'"(/[^"]*)"', builder)
    if verb is None or path is None:
        message = f"{group}.{method} has no verb or no path"
        raise ValueError(message)
    long = method.startswith("_") and method.endswith("_initial")
    codes = _CODES.search(source)
    body = _BODY.findall(source)
    operation: Json = {
        "group": re.sub(r"(?<=[a-z])(?=[A-Z])", "_", group.removesuffix("Operations")).lower()
        or "operations",
        "name": f"begin{method.removesuffix('_initial')}" if long else method,
        "verb": verb.group(1),
        "path": path.group(1),
        "codes": [int(code) for code in codes.group(1).split(",")] if codes else [200],
    }
    if body:
        operation["body"] = body[-1]
    if long:
        operation["long"] = True
    return operation, body[-1] if body else None


def _types(operations: list[Json]) -> list[Json]:
    """Derive the resource types of the lab service: what can be read one by one."""
    rows = []
    by_path: dict[str, dict[str, Json]] = {}
    for operation in operations:
        by_path.setdefault(operation["path"], {})[operation["verb"]] = operation
    for path, verbs in by_path.items():
        _, mark, tail = path.partition("/resourceGroups/{resourceGroupName}/providers/")
        if not mark or not tail.endswith("}") or "PUT" not in verbs:
            continue
        row: Json = {"kind": _cased(_PARAMETER.sub("", tail).replace("//", "/").rstrip("/"))}
        row["path"] = tail
        row["model"] = verbs["PUT"]["body"]
        for verb in ("PUT", "DELETE"):
            if verb in verbs:
                row[verb.lower()] = "long" if verbs[verb].get("long") else "sync"
        row["patch"] = "PATCH" in verbs
        row["list"] = "GET" in by_path.get(path.rpartition("/")[0], {})
        rows.append(row)
    return rows


def _cased(kind: str) -> str:
    cases = {word.lower(): word for word in _CASES}
    return "/".join(cases.get(part, part) for part in kind.split("/"))


def _collect(module: ModuleType, name: str, models: dict[str, type], enums: Json) -> None:
    """Add a model and all that it is made of."""
    cls = getattr(module, name, None)
    if cls is None or name in models or name in enums:
        return
    if not hasattr(cls, "_attribute_map"):
        enums[name] = [each.value for each in cls]
        return
    models[name] = cls
    parameters = inspect.signature(cls.__init__).parameters
    for attribute, spec in cls._attribute_map.items():
        _collect(module, spec["type"].strip("[]{}"), models, enums)
        enum = _enum(parameters.get(attribute))
        if enum is not None:
            _collect(module, enum, models, enums)


def _properties(cls: Any, enums: Json) -> Json:
    parameters = inspect.signature(cls.__init__).parameters
    found: Json = {}
    for attribute, spec in cls._attribute_map.items():
        rule = cls._validation.get(attribute, {})
        kind = spec["type"]
        enum = _enum(parameters.get(attribute))
        if enum in enums and kind.strip("[]{}") == "str":
            kind = kind.replace("str", enum)
        marks = [mark for mark in ("readonly", "required") if rule.get(mark)]
        found[spec["key"].replace("\\\\.", "%2E")] = " ".join([kind, *marks])
    return found


def _enum(parameter: inspect.Parameter | None) -> str | None:
    if parameter is None:
        return None
    found = re.search(r"ForwardRef\('_models\.(\w+)'", str(parameter.annotation))
    return found.group(1) if found else None


if __name__ == "__main__":
    raise SystemExit(main())
