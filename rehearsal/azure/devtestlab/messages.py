"""What the lab service writes of an artifact: JSON within strings (contract 3)."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.azure import ids

Json = dict[str, Any]


def succeeded(title: str) -> Json:
    """Give the fields of an artifact that went well."""
    return {
        "status": "Succeeded",
        "deploymentStatusMessage": "",
        "vmExtensionStatusMessage": _streams(f"{title}: done.", "", "succeeded"),
    }


def failed(message: str, code: int, *, seed: str) -> Json:
    """Give the fields of an artifact whose script ended with this message and exit code."""
    extension = f"customScriptArtifact-{ids.digits(seed, 9)}"
    text = (
        f"VM has reported a failure when processing extension '{extension}'. Error message:"
        f' "Command execution finished, but failed because it returned a non-zero exit code of:'
        f" '{code}'. The command had an error output of: '{message}'\"."
    )
    deployment = {
        "status": "Failed",
        "error": {
            "code": "ResourceDeploymentFailure",
            "message": (
                "The resource operation completed with terminal provisioning state 'Failed'."
            ),
            "details": [{"code": "VMExtensionProvisioningError", "message": text}],
        },
    }
    return {
        "status": "Failed",
        "deploymentStatusMessage": json.dumps(deployment),
        "vmExtensionStatusMessage": _streams("", message, "failed"),
    }


def _streams(output: str, error: str, ending: str) -> str:
    return json.dumps(
        [
            {
                "code": f"ComponentStatus/{stream}/{ending}",
                "level": "Info",
                "displayStatus": "Provisioning succeeded",
                "message": text,
            }
            for stream, text in (("StdOut", output), ("StdErr", error))
        ]
    )
