"""How Azure is reached: connections that trust what the machine trusts, and one token for all.

Reading the roots of a trust bundle takes longer than an answer of ARM, and requests reads them anew
for every connection (https://github.com/psf/requests/pull/6667): here they are read once.
"""

from __future__ import annotations

import ssl
import threading
from functools import cache
from pathlib import Path
from typing import Any

from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.pipeline.transport import RequestsTransport
from requests import Session
from requests.adapters import HTTPAdapter
from requests.exceptions import SSLError
from requests.utils import DEFAULT_CA_BUNDLE_PATH

_CALLERS = 48
_READING = threading.Lock()  # a cache alone lets threads that begin together read side by side


class OneToken(BearerTokenCredentialPolicy[Any, Any]):
    """Asks for a token once, however many threads begin at the same time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asking = threading.Lock()

    def _request_token(self, *scopes: str, **kwargs: Any) -> None:
        with self._asking:
            # With claims of a challenge, what another thread got is not what is asked for.
            if kwargs or self._need_new_token:
                super()._request_token(*scopes, **kwargs)


def transport() -> RequestsTransport:
    """Give a pool of connections; whoever takes it closes it."""
    session = Session()
    # One connection per thread that may call: the default of ten would be made anew each time.
    session.mount("https://", Connections(pool_maxsize=_CALLERS))
    return RequestsTransport(session=session, session_owner=True)


class Connections(HTTPAdapter):
    """Shares one TLS context among connections that trust the same."""

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Tell which pool a request takes: those of one bundle have its context."""
        host, found = super().build_connection_pool_key_attributes(request, verify, cert)
        if verify and host["scheme"] == "https":
            trusted = {"ca_certs", "ca_cert_dir"}
            pool = {name: value for name, value in found.items() if name not in trusted}
            with _READING:
                pool["ssl_context"] = _trusting(
                    DEFAULT_CA_BUNDLE_PATH if verify is True else verify
                )
            return host, pool
        return host, found

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave a pool as it is made above: told of a bundle, it would read it again.

        A proxy that is reached by TLS has a context of its own, which is made of the bundle.
        """
        if not verify or cert or (conn.proxy and conn.proxy.scheme == "https"):
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]


@cache
def _trusting(bundle: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not Path(bundle).exists():
        msg = f"there is no TLS CA certificate bundle {bundle}"
        raise SSLError(msg)
    place = "capath" if Path(bundle).is_dir() else "cafile"
    context.load_verify_locations(**{place: bundle})
    return context
