"""Declares what resources.json says: one resource a line of it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pulumi


def _value(given: Any) -> Any:
    if isinstance(given, dict) and "$secret" in given:
        return pulumi.Output.secret(given["$secret"])
    return given


for each in json.loads(Path("resources.json").read_text(encoding="utf-8")):
    module = importlib.import_module(f"pulumi_azure_native.{each['module']}")
    inputs = {name: _value(value) for name, value in each["inputs"].items()}
    options = pulumi.ResourceOptions(**each.get("options", {}))
    made = getattr(module, each["type"])(each["name"], **inputs, opts=options)
    pulumi.export(each["name"], made.id)
