"""ARM templates: those a source offers for environments, and the one an artifact can be had as."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rehearsal.azure import ids
from rehearsal.azure.artifacts import ArtifactDefinition
from rehearsal.azure.devtestlab import errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import Azure

Json = dict[str, Any]

SHIPPED = Path(__file__).parents[2] / "environments"
_SOURCES = "Microsoft.DevTestLab/labs/artifactSources"
# The VM extension that runs scripts, by system: publisher and type, joined the name of its handler.
SCRIPT_EXTENSIONS = {
    "Windows": ("Microsoft.Compute", "CustomScriptExtension"),
    "Linux": ("Microsoft.Azure.Extensions", "CustomScript"),
}
_SCHEMA = "http://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#"


@dataclass(frozen=True)
class Template:
    """An environment template: a folder with azuredeploy.json, and metadata.json beside it."""

    name: str
    contents: Json
    metadata: Json

    @property
    def title(self) -> str:
        """What people know it by."""
        return str(self.metadata.get("itemDisplayName", self.name))

    @property
    def required(self) -> list[str]:
        """The parameters that must be given."""
        parameters = self.contents.get("parameters", {})
        return [name for name, spec in parameters.items() if "defaultValue" not in spec]


@cache
def shipped(folder: Path = SHIPPED) -> tuple[Template, ...]:
    """Read the templates of a folder, once."""
    return tuple(
        Template(path.parent.name, _read(path), _read(path.with_name("metadata.json")))
        for path in sorted(folder.glob("*/azuredeploy.json"))
    )


def templates_in(source: Resource) -> list[Template]:
    """Give the templates of a source: none before its first sync, or without a folder of them."""
    synced = source.hidden.get("synced") and source.properties.get("armTemplateFolderPath")
    return list(shipped()) if synced else []


def template_body(source: Resource, template: Template) -> Json:
    """Write a template as the lab lists it."""
    return {
        "id": f"{source.id}/armtemplates/{template.name.lower()}",
        "name": template.name,
        "type": f"{_SOURCES}/armTemplates",
        "location": source.location,
        "properties": {
            "displayName": template.title,
            "description": template.metadata.get("description", ""),
            "publisher": template.metadata.get("publisher", ""),
            "icon": "",
            "contents": template.contents,
            "createdDate": source.hidden["synced"],
            "parametersValueFilesInfo": [],
            "enabled": source.properties.get("status") == "Enabled",
        },
    }


def find_template(azure: Azure, lab: Resource, reference: str) -> Template:
    """Find a template by its id, whole or short; ArmError if it is not there or switched off."""
    path = ids.key_of(unquote(reference))
    if path.startswith("/artifactsources/"):
        path = lab.key + path
    above, _, name = path.rpartition("/armtemplates/")
    source = azure.resources.find(above) if above.startswith(lab.key + "/") else None
    if source is None:
        raise errors.NOT_IN_LAB.of(what="ARM template", reference=reference)
    if source.properties.get("status") == "Disabled":
        raise errors.REPOSITORY_DISABLED.of()
    for template in templates_in(source):
        if template.name.lower() == name:
            return template
    raise errors.NOT_IN_LAB.of(what="ARM template", reference=reference)


def generated(lab: Resource, artifact: ArtifactDefinition, asked: Json) -> Json:
    """Write an artifact as an ARM template with parameters, as generateArmTemplate answers.

    ArmError 400 if the parameters asked for are none that the artifact can take.
    """
    machine = str(asked.get("virtualMachineName") or "")
    if not machine:
        raise errors.MISSING.of(what="virtualMachineName")
    given = {str(each["name"]): each.get("value") for each in asked.get("parameters") or ()}
    problems = artifact.problems(given)
    if problems:
        raise errors.ARTIFACT_PARAMETERS.of(artifact=artifact.name, problems="; ".join(problems))
    parameters = {
        name: {"type": str(spec.get("type", "string")).lower()}
        for name, spec in artifact.parameters.items()
    }
    extension = {
        "type": "Microsoft.Compute/virtualMachines/extensions",
        "apiVersion": "2015-06-15",
        "name": f"{machine}/{artifact.name}",
        "location": str(asked.get("location") or lab.location),
        "properties": _extension(artifact),
    }
    return {
        "template": {
            "$schema": _SCHEMA,
            "contentVersion": "1.0.0.0",
            "parameters": parameters,
            "resources": [extension],
        },
        "parameters": {name: {"value": value} for name, value in given.items()},
    }


def _extension(artifact: ArtifactDefinition) -> Json:
    if "runAzureVMExtension" in artifact.text:
        return dict(artifact.text["runAzureVMExtension"])
    publisher, kind = SCRIPT_EXTENSIONS[artifact.os]
    return {
        "publisher": publisher,
        "type": kind,
        "typeHandlerVersion": "1.9" if artifact.os == "Windows" else "2.0",
        "autoUpgradeMinorVersion": True,
        "settings": dict(artifact.text.get("runCommand") or {}),
    }


def _read(path: Path) -> Json:
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}
