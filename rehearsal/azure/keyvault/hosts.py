"""Hosts of vaults: `https://NAME.vault.localhost:PORT`, as cloud metadata's suffix says.

Where a system does not resolve names under localhost (RFC 6761 asks it to; plain glibc does not),
the same vault is at `https://localhost:PORT/~vaults/NAME`.
"""

from __future__ import annotations

PREFIX = "/~vaults/"
_LABEL = ".vault."
_HTTPS = "https://"


def suffix(host: str) -> str:
    """Give the keyVaultDns suffix for the host (with port) that ARM is called at."""
    return f"vault.{host}"


def address(base: str, vault: str) -> str:
    """Give the address of a vault, without a slash at its end, for where ARM is called at."""
    return f"{_HTTPS}{vault.lower()}.{suffix(base.removeprefix(_HTTPS))}"


def split(host: str, path: str) -> tuple[str, str]:
    """Give the host that ARM is called at, and the path under it, for any host and path."""
    name, label, rest = host.partition(_LABEL)
    return (rest, f"{PREFIX}{name}{path}") if label else (host, path)
