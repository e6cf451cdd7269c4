"""Who a pipeline is in Azure: a token of the CI service, kept fresh in a file while it runs.

Workload identity federation lasts minutes, a build hours. azure-native reads ``ARM_OIDC_TOKEN`` and
its file once, so a run that outlives its first access token would be refused; the credential chain
that all Azure clients share (``AZURE_FEDERATED_TOKEN_FILE``) reads the file again for every new
access token. So the file is renewed here, and everybody reads it: azure-native, this program, the
state in a storage account, the key of its secrets. It is deleted when the run ends.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from factory.common.errors import FactoryError
from factory.pipelines.http_client import Api

AUDIENCE = "api://AzureADTokenExchange"
# Such a token is good for five to ten minutes, depending on the service.
_RENEWED, _TRIED_AGAIN = 120.0, 10.0
# AzureCLI@2 names them after its input `azureSubscription`.
_CONNECTION = ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID")
_CLIENT = ("AZURE_CLIENT_ID", "AZURESUBSCRIPTION_CLIENT_ID", "ARM_CLIENT_ID")
_TENANT = ("AZURE_TENANT_ID", "AZURESUBSCRIPTION_TENANT_ID", "ARM_TENANT_ID")


@dataclass(frozen=True)
class Identity:
    """A client that trusts the tokens of this run, and how such a token is asked for."""

    client: str
    tenant: str
    ask: Callable[[], str]


def identity(variables: MutableMapping[str, str]) -> Identity | None:
    """Find whose tokens this run can ask for; None outside a pipeline, where others sign in.

    Raises :class:`FactoryError` if a pipeline may ask for tokens and no client is named.
    """
    ask = _asked(variables)
    if ask is None:
        return None
    client, tenant = _first(variables, _CLIENT), _first(variables, _TENANT)
    if not (client and tenant):
        msg = (
            "AZURE_CLIENT_ID and AZURE_TENANT_ID are not both set -> set them as variables of the "
            "repository or pipeline: the identity that trusts it (docs/ci.md)"
        )
        raise FactoryError(msg)
    return Identity(client, tenant, ask)


@contextmanager
def signed_in(variables: MutableMapping[str, str], say: Callable[[str], None]) -> Iterator[None]:
    """Sign in for as long as the block runs; ``variables`` are changed for all that it starts.

    Raises :class:`FactoryError` if the service gives no token.
    """
    who = identity(variables)
    if who is None:
        yield
        return
    token = who.ask()
    folder = variables.get("RUNNER_TEMP") or variables.get("AGENT_TEMPDIRECTORY") or None
    handle, name = tempfile.mkstemp(prefix="image-factory-", suffix=".jwt", dir=folder)
    os.close(handle)
    path, over = Path(name), threading.Event()
    _put(path, token)
    variables.update(
        {
            "AZURE_CLIENT_ID": who.client,
            "AZURE_TENANT_ID": who.tenant,
            "AZURE_FEDERATED_TOKEN_FILE": name,
            "ARM_CLIENT_ID": who.client,
            "ARM_TENANT_ID": who.tenant,
            "ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true",
        }
    )
    keeper = threading.Thread(target=_keep_fresh, args=(who, path, over, say), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join(_TRIED_AGAIN)
        for each in (path, path.with_suffix(".new")):
            each.unlink(missing_ok=True)


def _keep_fresh(
    who: Identity, path: Path, over: threading.Event, say: Callable[[str], None]
) -> None:
    pause, told = _RENEWED, False
    while not over.wait(pause):
        try:
            _put(path, who.ask())
            pause = _RENEWED
        except (FactoryError, OSError) as error:
            # The one that is there may be good for minutes yet.
            pause = _TRIED_AGAIN
            if not told:
                say(f"warning: the sign-in could not be renewed, it is tried again: {error}")
                told = True


def _put(path: Path, token: str) -> None:
    """Replace the file in one move: it is read by others at any time, and by nobody else."""
    new = path.with_suffix(".new")
    with suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
    new.replace(path)


def _asked(variables: MutableMapping[str, str]) -> Callable[[], str] | None:
    def both(url: str, bearer: str) -> tuple[str, str] | None:
        found = variables.get(url), variables.get(bearer)
        return (found[0], found[1]) if found[0] and found[1] else None

    if given := both("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        query = urlencode({"audience": AUDIENCE})
        joined, bearer = f"{given[0]}{'&' if '?' in given[0] else '?'}{query}", given[1]
        return lambda: _token("GET", joined, bearer, "value")
    given = both("SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN")
    connection = _first(variables, _CONNECTION)
    if given and connection:
        query = urlencode({"api-version": "7.1", "serviceConnectionId": connection})
        url, token = f"{given[0]}?{query}", given[1]
        return lambda: _token("POST", url, token, "oidcToken")
    return None


def _first(variables: MutableMapping[str, str], names: tuple[str, ...]) -> str:
    return next((variables[name] for name in names if variables.get(name)), "")


def _token(method: str, url: str, bearer: str, key: str) -> str:
    with Api("the token of this run", bearer) as api:
        found = api.call(method, url)
    if not isinstance(found, dict) or not found.get(key):
        msg = f"the service gave no token to sign in with (no {key!r} in its answer)"
        raise FactoryError(msg)
    return str(found[key])
