"""What a state has that this program never declares: a state is code to the engine that reads it.

A provider's entry names the plugin that is started, and the address that it is fetched from; a
dynamic provider's holds a pickled program. Whoever may write a state would run as the identity that
reads it. So a job looks at the state as it lies there, before an engine loads it.
https://www.pulumi.com/docs/iac/concepts/resources/providers/

It names the service that holds its key, too, and an engine that loads it shows its token there.
https://www.pulumi.com/docs/iac/concepts/secrets/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from factory.common.errors import FactoryError, printable
from factory.settings.stack_file import PROVIDER, PROVIDER_KEYS

_PROVIDERS = "pulumi:providers:"
# The engine answers for `pulumi:` itself; ours are components, which no plugin stands behind.
_COMPONENTS, _ENGINE = "imagefactory:", ("pulumi:pulumi:", "pulumi:index:")
_LONGEST = 200
# What a stack file has where a passphrase or Pulumi Cloud keeps them, and what a state says then.
_USUAL_SECRETS, _USUAL_KINDS = frozenset({"", "default", "passphrase"}), {"passphrase", "service"}


def check_export(
    stack: str, export: Mapping[str, Any], secrets_provider: str | None = None
) -> None:
    """Look through an exported deployment. Raises :class:`FactoryError`, one line, for a find.

    ``secrets_provider`` is what the stack file says of who keeps its secrets, "" for the backend's
    own way, None where there is no file.
    """
    deployment = export.get("deployment")
    found = deployment if isinstance(deployment, Mapping) else {}
    _check_provider(stack, found.get("secrets_providers"), secrets_provider)
    pending = [each.get("resource") for each in found.get("pending_operations") or ()]
    _check(stack, [*(found.get("resources") or ()), *pending])


def check_resources(stack: str, resources: Mapping[str, Mapping[str, Any]]) -> None:
    """Look through resources as a program is told of them. Raises :class:`FactoryError`."""
    _check(stack, [{**each, "urn": urn} for urn, each in resources.items()])


def _check_provider(stack: str, kept: Any, wanted: str | None) -> None:
    """Compare who keeps a state's secrets with what the stack file says, where git is its word."""
    if not kept or wanted is None:
        return
    kind = str(kept.get("type")) if isinstance(kept, Mapping) else ""
    own = kept.get("state") if isinstance(kept, Mapping) else None
    there = str(own.get("url") or "") if isinstance(own, Mapping) else ""
    usual = wanted in _USUAL_SECRETS
    if kind in (_USUAL_KINDS if usual else {"cloud"}) and (usual or there == wanted):
        return
    shown = printable(there or kind or "something else")[:_LONGEST]
    msg = (
        f"the state of {stack} says that {shown} keeps its secrets, its stack file that "
        f"{wanted or 'a passphrase'} does -> if you changed it, commit the stack file that "
        "`pulumi stack change-secrets-provider` wrote; else find out who wrote the state "
        "(docs/security.md, A state that is not ours); no engine has read it, nothing was changed"
    )
    raise FactoryError(msg)


def _check(stack: str, entries: Sequence[Any]) -> None:
    for entry in entries:
        fault = next(_faults(entry), "") if isinstance(entry, Mapping) else "it is no entry"
        if fault:
            urn = printable(str(entry.get("urn")) if isinstance(entry, Mapping) else "")[:_LONGEST]
            msg = (
                f"the state of {stack} has what this program never declares: {urn}: {fault} -> "
                "find out who wrote it (docs/security.md, A state that is not ours); no engine has "
                "read it, nothing was changed"
            )
            raise FactoryError(msg)


def _faults(entry: Mapping[str, Any]) -> Iterator[str]:
    kind = str(entry.get("type") or "")
    urn = str(entry.get("urn") or "")
    said = urn.split("::")[2].rpartition("$")[2] if urn.count("::") >= 3 else ""
    if said != kind:
        yield f"it is of type {printable(kind)[:_LONGEST]}, which its name does not say"
    if kind.startswith(_PROVIDERS):
        yield from _of_provider(kind.removeprefix(_PROVIDERS), entry)
    elif kind.startswith(_COMPONENTS):
        if entry.get("custom"):
            yield "it is a component, and is said to be of a plugin"
    elif not kind.startswith((*_ENGINE, f"{PROVIDER}:")):
        yield f"type {printable(kind)[:_LONGEST]}"
    for values in (entry.get("inputs"), entry.get("outputs")):
        if isinstance(values, Mapping) and "__provider" in values:
            yield "it holds a program (__provider)"


def _of_provider(package: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if package not in (PROVIDER, "pulumi"):
        yield f"a provider of {printable(package)[:_LONGEST]}"
    for values in (entry.get("inputs"), entry.get("outputs")):
        for key, value in values.items() if isinstance(values, Mapping) else ():
            # The engine's own note of a provider: where its plugin came from, if from elsewhere.
            if key == "__internal" and isinstance(value, Mapping) and not value:
                continue
            if key not in PROVIDER_KEYS | {"version"}:
                yield f"a provider with {printable(str(key))[:_LONGEST]}"
