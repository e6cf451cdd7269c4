"""On a test's PYTHONPATH: names under localhost are loopback (RFC 6761), which glibc leaves out.

The local Azure's key vaults have such names; see docs/rehearsal.md.
"""

from __future__ import annotations

import socket
from typing import Any

_resolve = socket.getaddrinfo


def _loopback(host: Any, *args: Any, **more: Any) -> Any:
    under = isinstance(host, str) and host.endswith(".localhost")
    return _resolve("127.0.0.1" if under else host, *args, **more)


socket.getaddrinfo = _loopback
