"""The rehearsal's Pulumi work folder, and the environment in which any client works on it.

Stacks of a rehearsal live apart from the checkout: `pulumi stack init` writes a salt into the
stack file, which must never reach the committed ones. The work folder holds copies, and a
Pulumi.yaml whose `main:` leads back to the program.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

import yaml

from factory.settings.stack_file import stack_of
from rehearsal import repositories
from rehearsal.client import RehearsalError
from rehearsal.engine.steps import write_atomic
from rehearsal.home import Home, read_json
from rehearsal.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = "image-factory"
ENGINE_VARIABLE = "REHEARSAL_ENGINE"
PARALLEL = 64
"""Operations at once: builds wait for Azure, and the engine's default is four per core."""

REHEARSAL_ONLY: dict[str, Any] = {f"{PROJECT}:pollInterval": "0.5s"}
"""Settings of the copies that differ from the committed stack files: an hour of Azure is seconds
here, so the program asks Azure more often."""

_SALT_KEYS = ("encryptionsalt", "secretsprovider", "encryptedkey")


class WorkspaceError(RehearsalError):
    """What is missing before Pulumi can run, in one line for the user."""


def environment(home: Home | None = None) -> dict[str, str]:
    """Make the variables that lead Pulumi, azure-native and azure-identity to the local Azure.

    Raises WorkspaceError if the local Azure does not run or the set-up is incomplete.
    """
    home = home or Home.current()
    server = home.read_server()
    if server is None:
        message = "the local Azure does not run; start it with `python -m rehearsal start`"
        raise WorkspaceError(message)
    host = f"localhost:{server.port}"
    tenant, client = _factory_principal(home)
    secret = home.client_secret("factory")
    local = ",".join(filter(None, (os.environ.get("NO_PROXY"), "localhost,127.0.0.1")))
    return {
        **repositories.environment(home, Settings.resolve(home)),
        "ARM_CLIENT_ID": client,
        "ARM_CLIENT_SECRET": secret,
        "ARM_DISABLE_INSTANCE_DISCOVERY": "true",
        "ARM_METADATA_HOSTNAME": host,
        "ARM_TENANT_ID": tenant,
        "AZURE_AUTHORITY_HOST": f"https://{host}",
        "AZURE_CLIENT_ID": client,
        "AZURE_CLIENT_SECRET": secret,
        "AZURE_TENANT_ID": tenant,
        "IMAGE_FACTORY_WORK": str(home.work),
        "NO_PROXY": local,
        "PATH": search_path(),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",  # the language host runs `pip list` at every start
        "PULUMI_BACKEND_URL": f"file://{home.state}",
        "PULUMI_CONFIG_PASSPHRASE": _passphrase(home),
        "PULUMI_CONTINUE_ON_ERROR": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(CHECKOUT / ".pulumi"),
        "PULUMI_PARALLEL": str(PARALLEL),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "REHEARSAL_HOME": str(home.root),
        "REHEARSAL_TIME_SCALE": f"{server.scale:g}",
        "REQUESTS_CA_BUNDLE": str(home.trust),
        "SSL_CERT_FILE": str(home.trust),
    }


def _factory_principal(home: Home) -> tuple[str, str]:
    """Tenant and client id of the factory's own principal, from the estate in use."""
    estate = _load(
        Path(read_json(home.settings).get("estate") or CHECKOUT / "rehearsal/estate.yaml")
    )
    for entry in estate.get("principals", ()):
        if entry.get("name") == "factory":
            return str(entry.get("tenant") or estate["tenants"][0]), str(entry["clientId"])
    message = "the estate names no principal 'factory', as whom the rehearsal runs"
    raise WorkspaceError(message)


def search_path() -> str:
    """Make a PATH on which the venv and the engine come first; WorkspaceError before set-up.

    REHEARSAL_ENGINE names the folder of another engine than that of the set-up (`make matrix`).
    """
    # The venv first: the Python language host runs whichever python3 it finds on PATH.
    first = [str(CHECKOUT / ".venv" / "bin"), os.environ.get(ENGINE_VARIABLE) or _own_engine()]
    rest = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part]
    return os.pathsep.join([*first, *(part for part in rest if part not in first)])


def _own_engine() -> str:
    note = CHECKOUT / ".pulumi" / "engine.json"
    try:
        return str(Path(json.loads(note.read_text(encoding="utf-8"))["pulumi"]).parent)
    except (OSError, ValueError, KeyError) as error:
        message = "there is no Pulumi engine yet; run `make setup`"
        raise WorkspaceError(message) from error


def _passphrase(home: Home) -> str:
    """Read the throw-away passphrase of this rehearsal's stacks, made at first need."""
    file = home.root / "passphrase"
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        home.create()
        made = secrets.token_urlsafe(24)
        write_atomic(file, made + "\n", mode=0o600)
        return made


def prepare(home: Home, checkout: Path = CHECKOUT) -> list[str]:
    """Bring the work folder up to date with the checkout; returns the names of its stacks.

    Stacks come in the order of their dependence: one that receives from another comes after it.
    A copy keeps what was set in it until the checkout's file changes, and its salt and secrets
    always.
    """
    _write_project(home, checkout)
    sources = sorted(path for path in checkout.glob("Pulumi.*.yaml") if stack_of(path))
    for source in sources:
        _copy_stack_file(source, home.work)
    (home.state).mkdir(parents=True, exist_ok=True)
    return in_order({source.name.split(".")[1]: _load(source) for source in sources})


def in_order(stacks: dict[str, dict[str, Any]]) -> list[str]:
    """Sort stacks by what they take from; WorkspaceError if they receive in a circle."""
    sources = {name: _sources(content) & stacks.keys() for name, content in stacks.items()}
    order: list[str] = []
    while len(order) < len(stacks):
        ready = [
            name
            for name, before in sorted(sources.items())
            if name not in order and before <= set(order)
        ]
        if not ready:
            circle = ", ".join(sorted(set(sources) - set(order)))
            message = f"these stacks receive from each other in a circle: {circle}"
            raise WorkspaceError(message)
        order += ready
    return order


def _sources(content: dict[str, Any]) -> set[str]:
    """Give the stacks that a stack takes from, each setting one name or a list of them."""
    config = content.get("config") or {}
    found: set[str] = set()
    for setting in ("receivesFrom", "parentsFrom"):
        value = config.get(f"{PROJECT}:{setting}") or []
        found |= {
            str(name).rpartition("/")[2] for name in ([value] if isinstance(value, str) else value)
        }
    return found


def _write_project(home: Home, checkout: Path) -> None:
    project = _load(checkout / "Pulumi.yaml")
    project["main"] = str(checkout)
    runtime = project.get("runtime")
    # Options such as a virtualenv are relative to the project file, which is elsewhere now;
    # PATH decides here, and the language host that the set-up builds knows no options.
    project["runtime"] = runtime["name"] if isinstance(runtime, dict) else runtime
    _write_yaml(home.work / "Pulumi.yaml", project)


def _copy_stack_file(source: Path, work: Path) -> None:
    copy = work / source.name
    stamp = work / f".{source.name}.source"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if copy.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    content = _load(source)
    old = _load(copy) if copy.exists() else {}
    kept = {
        key: value
        for key, value in (old.get("config") or {}).items()
        if isinstance(value, dict) and "secure" in value
    }
    content["config"] = {**kept, **(content.get("config") or {}), **REHEARSAL_ONLY}
    content |= {key: old[key] for key in _SALT_KEYS if key in old}
    _write_yaml(copy, content)
    write_atomic(stamp, digest)


def _load(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        reason = str(error).replace("\n", " ")
        message = f"{path} cannot be read: {reason}"
        raise WorkspaceError(message) from error
    return found if isinstance(found, dict) else {}


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_atomic(path, text, mode=0o600)
