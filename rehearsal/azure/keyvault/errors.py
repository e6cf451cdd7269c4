"""What Key Vault refuses, in its words [mem]."""

from __future__ import annotations

from rehearsal.azure.errors import ArmError
from rehearsal.azure.principals import Principal


def missing_token(authority: str, resource: str) -> ArmError:
    """401, which tells a client where to get a token and for what: it asks without one first."""
    return ArmError(
        401,
        "Unauthorized",
        "AKV10000: Request is missing a Bearer or PoP token.",
        headers={"WWW-Authenticate": f'Bearer authorization="{authority}", resource="{resource}"'},
    )


def forbidden(principal: Principal, vault: str) -> ArmError:
    """403: the vault lets this principal read nothing."""
    message = (
        f"The user, group or application 'appid={principal.client_id};oid={principal.object_id}'"
        f" does not have secrets get permission on key vault '{vault}'."
    )
    return ArmError(403, "Forbidden", message)


def secret_not_found(name: str) -> ArmError:
    """404: no such secret, or no such version of it."""
    message = (
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted"
        " this secret you may be able to recover it using the correct recovery command."
    )
    return ArmError(404, "SecretNotFound", message)


def vault_not_found(name: str) -> ArmError:
    """404: in Azure such a host has no address at all."""
    return ArmError(404, "VaultNotFound", f"The local Azure has no key vault '{name}'.")


def no_version() -> ArmError:
    """400: every call names its api-version."""
    return ArmError(400, "BadParameter", "AKV10002: The api-version parameter is required.")
