"""What must not be guessed or shown: drawn at the first start, kept in the home folder."""

from __future__ import annotations

import json
import os
import secrets
from typing import Any

from rehearsal.azure.identity.tokens import Secrets
from rehearsal.home import Home, read_json


def ensure(home: Home, estate: dict[str, Any]) -> Secrets:
    """Give the secrets of a rehearsal; those that are missing are drawn and written (mode 600)."""
    known = read_json(home.secrets)
    clients = dict(known.get("clients", {}))
    for principal in estate["principals"]:
        clients.setdefault(str(principal["name"]), secrets.token_urlsafe(32))
    token_key = str(known.get("token_key") or secrets.token_urlsafe(32))
    control_key = str(known.get("control_key") or secrets.token_urlsafe(32))
    vaults: dict[str, dict[str, str]] = known.get("vaults", {})
    for vault in estate.get("vaults", ()):
        held = vaults.setdefault(str(vault["name"]), {})
        for name in vault.get("secrets", ()):
            # Fit for a password of a virtual machine, which is what a factory keeps in a vault.
            held.setdefault(str(name), f"Aa1!{secrets.token_urlsafe(18)}")
    found = {
        "clients": clients,
        "token_key": token_key,
        "control_key": control_key,
        "vaults": vaults,
    }
    if found != known:
        part = home.secrets.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(found, file, indent=2)
        part.replace(home.secrets)
    return Secrets(clients, token_key, control_key, vaults)
