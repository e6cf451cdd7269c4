"""Serve the plugin: prints its port for the engine and ends with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.plugin.service import Service

_THREADS = 256  # each create that waits for Azure holds one; far above PULUMI_PARALLEL
_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit
_WATCH_SECONDS = 1.0


def main() -> int:
    """Serve until the engine that started us stops or dies."""
    # The engine ends a plugin, which it runs in a process group of its own, by SIGINT and waits
    # five seconds for that to work.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    limits = [("grpc.max_receive_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(max_workers=_THREADS), options=limits)
    engine = sys.argv[1] if len(sys.argv) > 1 else None
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Service(engine=engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    _watch_parent()
    server.wait_for_termination()
    return 0


def _watch_parent() -> None:
    # A killed engine (SIGKILL) cannot end its plugins, which run in process groups of their own.
    parent = os.getppid()
    stop = threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            stop.wait(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
