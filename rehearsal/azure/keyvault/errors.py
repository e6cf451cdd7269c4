"""What Key Vault refuses, in its words [mem]."""

from __future__ import annotations

from rehearsal.azure.errors import Refusal

# Which tells a client where to get a token and for what: it asks without one first.
MISSING_TOKEN = Refusal(
    401,
    "Unauthorized",
    "AKV10000: Request is missing a Bearer or PoP token.",
    "mem",
)

# The vault lets this principal read nothing.
FORBIDDEN = Refusal(
    403,
    "Forbidden",
    "The user, group or application 'appid={principal.client_id};oid={principal.object_id}' does"
    " not have secrets get permission on key vault '{vault}'.",
    "mem",
)

# No such secret, or no such version of it.
SECRET_NOT_FOUND = Refusal(
    404,
    "SecretNotFound",
    "A secret with (name/id) {name} was not found in this key vault. If you recently deleted this"
    " secret you may be able to recover it using the correct recovery command.",
    "mem",
)

# In Azure such a host has no address at all.
VAULT_NOT_FOUND = Refusal(404, "VaultNotFound", "The local Azure has no key vault '{name}'.", "mem")

# Every call names its api-version.
NO_VERSION = Refusal(400, "BadParameter", "AKV10002: The api-version parameter is required.", "mem")
