"""JSON Schemas for editors, made from the models: what completes is what is accepted.

Softer than the models in one way: what a definition leaves out may be inherited, so nothing is
required but in the parts of a stack file, where nothing is inherited.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from factory.common.durations import spell_duration
from factory.definitions.definition import Definition
from factory.settings.policy_file import PolicyFile
from factory.settings.stack import NAMESPACE, Settings
from factory.settings.stack_file import key_of

FOLDER = "schemas"
DEFINITION = "definition.schema.json"
STACK = "stack.schema.json"
POLICIES = "policies.schema.json"
_DRAFT = "http://json-schema.org/draft-07/schema#"
_TIME = TypeAdapter(timedelta)
_PLAIN = [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]
# Short forms that a model takes before it looks at its fields.
_SHORT: dict[str, list[dict[str, Any]]] = {
    "Artifact": [{"type": "string"}],
    "AlwaysArtifact": [{"type": "string"}],
    "Keep": [{"type": "integer", "minimum": 1}],
    "Group": [{"type": "string", "minLength": 1}],
    "Refresh": [{"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?[dhms])+$"}],
}
_INHERITED = ("Base", "PurchasePlan", "ParentBase", "Script")


def schemas() -> dict[str, str]:
    """Give every schema by its file's name, as the text of that file."""
    rules = PolicyFile.model_json_schema(by_alias=True)
    made = {
        DEFINITION: _definition(),
        STACK: _stack(),
        POLICIES: _finished(rules, "The rules of a company: policies.yaml"),
    }
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in made.items()}


def modeline(file: Path, project: Path) -> str:
    """Give the line that leads an editor from a file to its schema."""
    name = STACK if file.name.startswith("Pulumi.") else DEFINITION
    depth = len(file.absolute().relative_to(project.absolute()).parts) - 1
    return f"# yaml-language-server: $schema={'../' * depth}{FOLDER}/{name}"


def _definition() -> dict[str, Any]:
    schema = Definition.model_json_schema(by_alias=True)
    for name in _INHERITED:
        schema["$defs"][name].pop("required", None)
    schema.pop("required", None)
    # Editors choose by content, not by a tag: an object with `image` is a parent.
    schema["properties"]["base"] = {
        "description": schema["properties"]["base"].get("description", ""),
        "anyOf": [{"$ref": "#/$defs/Base"}, {"$ref": "#/$defs/ParentBase"}],
    }
    tags = schema["properties"]["tags"]
    tags.pop("patternProperties", None)
    tags["additionalProperties"] = {"anyOf": _PLAIN}
    return _finished(schema, "Image definition, or a defaults.yaml that definitions inherit")


def _stack() -> dict[str, Any]:
    schema = Settings.model_json_schema(by_alias=True)
    settings = {key_of(name): value for name, value in schema.pop("properties").items()}
    schema.pop("required", None)
    secret = {
        "type": "object",
        "properties": {
            "secure": {
                "type": "string",
                "description": "A secret, encrypted: `pulumi config set --secret` writes it.",
            }
        },
        "required": ["secure"],
        "additionalProperties": False,
    }
    schema |= {
        "properties": {
            "config": {
                "type": "object",
                "description": f"The settings of this stack; the factory's begin with {NAMESPACE}:",
                "properties": settings,
                # A secret has a name of the user's, but is never plain.
                "patternProperties": {f"^(?!{NAMESPACE}:)[^:]+:": {}},
                "additionalProperties": secret,
            },
            "environment": {"description": "Environments of Pulumi ESC that values come from."},
            "secretsprovider": _text("Who keeps the key of the secrets; the engine writes it."),
            "encryptedkey": _text("The key of the secrets, encrypted; the engine writes it."),
            "encryptionsalt": _text("The salt of the passphrase; the engine writes it."),
        },
        "additionalProperties": False,
    }
    return _finished(schema, "A stack of the image factory: Pulumi.<stack>.yaml")


def _text(description: str) -> dict[str, str]:
    return {"type": "string", "description": description}


def _finished(schema: dict[str, Any], title: str) -> dict[str, Any]:
    schema.pop("description", None)
    for name in ("Artifact", "AlwaysArtifact"):
        if name in schema["$defs"]:
            parameters = schema["$defs"][name]["properties"]["parameters"]
            parameters.pop("patternProperties", None)
            parameters["additionalProperties"] = {
                "description": "Any value; {secret: name} takes a secret of the stack"
            }
    for name, short in _SHORT.items():
        whole = schema["$defs"].pop(name, None)
        if whole is not None:
            schema["$defs"][name] = {"anyOf": [*short, whole]}
    text = json.dumps(_loose(schema)).replace("#/$defs/", "#/definitions/")
    finished: dict[str, Any] = json.loads(text)
    finished["definitions"] = finished.pop("$defs")
    return {
        "$schema": _DRAFT,
        "title": title,
        **{k: v for k, v in finished.items() if k != "title"},
    }


def _loose(node: Any) -> Any:
    """Take numbers where a model takes any plain text: `sku: 9` is read as written."""
    if isinstance(node, list):
        return [_loose(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _loose(value) for key, value in node.items() if key not in {"loose", "title"}}
    if isinstance(node.get("title"), dict):  # a field of that name, not an annotation
        plain["title"] = _loose(node["title"])
    if isinstance(node.get("description"), str):  # editors read Markdown, on lines of their own
        plain["description"] = " ".join(node["description"].split()).replace("``", "`")
    if isinstance(node.get("default"), str) and node["default"].startswith("PT"):
        plain["default"] = spell_duration(_TIME.validate_python(node["default"]))
    if node.get("loose") is True:
        plain["type"] = ["string", "number"]
    return plain
