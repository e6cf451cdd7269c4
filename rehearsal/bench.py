"""`make bench`: how fast the local Azure answers, beside a bare server of the same framework.

Both run as processes of their own on loopback with TLS, and are asked by the same client; the bare
one answers the same bytes without looking at anything. What counts are the ratios of one run.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rehearsal import daemon
from rehearsal.client import Client
from rehearsal.first_day import FIRST_DAY
from rehearsal.home import Home, ServerInfo
from rehearsal.settings import read_estate

Json = dict[str, Any]

_SECONDS = 2.0  # of real time, for each measurement
_CONNECTIONS = 2
_IMAGES = 2000
_VERSION = "api-version=2018-09-15"


class _Asker:
    """Asks one URL on several kept connections, and counts."""

    def __init__(self, base: str, ca: Path, headers: dict[str, str]) -> None:
        self._address = urlsplit(base)
        self._context = ssl.create_default_context(cafile=str(ca))
        self._headers = headers

    def get(self, path: str, connection: http.client.HTTPSConnection | None = None) -> bytes:
        """GET a path; RuntimeError if the answer is not 200."""
        used = connection or self.connect()
        used.request("GET", path, headers=self._headers)
        answer = used.getresponse()
        body = answer.read()
        if answer.status != 200:
            message = f"{path}: {answer.status} {body[:200]!r}"
            raise RuntimeError(message)
        return body

    def connect(self) -> http.client.HTTPSConnection:
        """Open a connection."""
        host, port = self._address.hostname or "localhost", self._address.port
        return http.client.HTTPSConnection(host, port, context=self._context)

    def rate(self, path: str) -> float:
        """Give how many requests a second are answered."""
        counts = [0] * _CONNECTIONS
        until = time.perf_counter() + _SECONDS

        def ask(worker: int) -> None:
            connection = self.connect()
            while time.perf_counter() < until:
                self.get(path, connection)
                counts[worker] += 1

        workers = [threading.Thread(target=ask, args=(each,)) for each in range(_CONNECTIONS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(counts) / _SECONDS

    def seconds(self, whole: Callable[[], None]) -> float:
        """Give the best of three times that something takes."""
        times = []
        for _ in range(3):
            began = time.perf_counter()
            whole()
            times.append(time.perf_counter() - began)
        return min(times)


def main() -> int:
    """Measure and print; 0 unless something could not be asked."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-bench-") as folder:
        home = Home(Path(folder) / "home")
        # So fast a clock keeps the throttle out of the way, as its switch would.
        info = daemon.start(home, scale=100_000.0, day=FIRST_DAY)
        try:
            _measure(home, info, Path(folder))
        finally:
            daemon.stop(home)
    return 0


def _measure(home: Home, info: ServerInfo, folder: Path) -> None:
    estate = read_estate(Path(__file__).parent / "estate.yaml")
    principal = next(each for each in estate["principals"] if each["name"] == "factory")
    client = Client(home, info)
    client.control("POST", "switches", {"throttling": "off"})
    secret = home.client_secret("factory")
    token = client.sign_in(estate["tenants"][0], principal["clientId"], secret)
    lab = (
        f"/subscriptions/{estate['subscriptions'][0]['id']}/resourceGroups/rg-team-data"
        "/providers/Microsoft.DevTestLab/labs/team-data"
    )
    filled = _fill(client, lab)
    azure = _Asker(info.url, home.ca, {"Authorization": f"Bearer {token}"})
    one, many = f"{lab}?{_VERSION}", f"{lab}/customimages?{_VERSION}"
    pages = list(_pages(azure, many))
    count = sum(len(page["value"]) for page in pages)
    answers = {one: azure.get(one).decode()}
    answers |= {f"/page/{at}": json.dumps(page) for at, page in enumerate(pages)}
    with _bare(home, folder, answers) as url:
        bare = _Asker(url, home.ca, {})
        rates = azure.rate(one), bare.rate(one)
        paths = [path for path in answers if path != one]
        lists = (
            azure.seconds(lambda: _drain(_pages(azure, many))),
            bare.seconds(lambda: _drain(_each(bare, paths))),
        )
    print(f"{'':28}{'local Azure':>14}{'bare server':>14}{'ratio':>8}")
    print(f"{'GET of a lab, requests/s':28}{rates[0]:14.0f}{rates[1]:14.0f}", end="")
    print(f"{rates[0] / rates[1]:8.2f}")
    print(f"{f'list of {count} images, ms':28}{lists[0] * 1e3:14.0f}{lists[1] * 1e3:14.0f}", end="")
    print(f"{lists[0] / lists[1]:8.2f}")
    print(f"{'PUT of an image, requests/s':28}{_IMAGES / filled:14.0f}")


def _fill(client: Client, lab: str) -> float:
    """Make the images; gives the seconds it took."""
    account = client.arm("GET", lab, "2018-09-15")["properties"]["defaultStorageAccount"]
    blob = f"https://{account.rsplit('/', 1)[1]}.blob.core.windows.net/uploads/disk.vhd"
    body: Json = {"properties": {"vhd": {"imageName": blob, "osType": "Linux", "sysPrep": True}}}
    body["tags"] = {"image-factory-definition": "linux/base", "image-factory-version": "20261123.1"}
    began = time.perf_counter()
    for number in range(_IMAGES):
        client.arm("PUT", f"{lab}/customimages/image-{number:04}", "2018-09-15", body)
    return time.perf_counter() - began


def _each(asker: _Asker, paths: list[str]) -> Iterator[Json]:
    connection = asker.connect()
    for path in paths:
        yield json.loads(asker.get(path, connection))


def _drain(pages: Iterator[Json]) -> None:
    for _ in pages:
        pass


def _pages(asker: _Asker, path: str) -> Iterator[Json]:
    connection = asker.connect()
    link = path
    while link:
        page = json.loads(asker.get(link, connection))
        yield page
        address = urlsplit(page.get("nextLink") or "")
        link = f"{address.path}?{address.query}" if address.path else ""


@contextmanager
def _bare(home: Home, folder: Path, answers: dict[str, str]) -> Iterator[str]:
    """Run the bare server, which knows its answers by path."""
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    command = [sys.executable, "-m", "rehearsal.bench", str(home.root), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        url = process.stdout.readline().strip() if process.stdout else ""
        if not url:
            message = "the bare server did not start"
            raise RuntimeError(message)
        yield url
    finally:
        process.terminate()
        process.wait()


def _serve_bare(home: Home, folder: Path) -> None:
    from rehearsal.azure.server.sockets import Server  # noqa: PLC0415 - of the child process alone

    answers = {
        path: text.encode()
        for path, text in json.loads((folder / "answers.json").read_text(encoding="utf-8")).items()
    }

    def application(environ: Json, start: Callable[..., Any]) -> list[bytes]:
        query = environ.get("QUERY_STRING")
        body = answers[environ["PATH_INFO"] + (f"?{query}" if query else "")]
        length = ("Content-Length", str(len(body)))
        start("200 OK", [("Content-Type", "application/json"), length])
        return [body]

    server = Server(application, certificate=home.certificate, key=home.key)
    print(server.url, flush=True)
    server.serve()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _serve_bare(Home(Path(sys.argv[1])), Path(sys.argv[2]))
    sys.exit(main())
