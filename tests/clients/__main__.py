"""Runs Microsoft's published SDKs for Go and JavaScript on the local Azure: `make clients`.

Each signs in, and takes a lab from its making to its deletion. The table of docs/rehearsal.md
(which client, how many operations, when) is written by this. It is no part of `make test`: the
SDKs come from package registries, in the versions of the locks beside their programs. What is not
installed, Go or Node.js, is left out and said.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.coverage import DOCUMENT, between
from tests.sdk.cloud import CLIENTS, DEV, TENANT, Cloud

HERE = Path(__file__).parent
BEGIN, END = "<!-- clients: begin -->", "<!-- clients: end -->"
_HEAD = "| Client | Operations that went well | of | Last run |\n|---|---|---|---|"


@dataclass(frozen=True)
class Client:
    """A program on an SDK: how it is made ready and run, in its folder, and what it is called."""

    name: str
    folder: str
    needs: str
    prepare: tuple[str, ...]
    run: tuple[str, ...]


ALL = (
    Client(
        "SDK for Go (azidentity 1.15, armdevtestlabs 1.2)",
        "go",
        "go",
        ("go", "build", "-o", "{}/client", "."),
        ("{}/client",),
    ),
    Client(
        "SDK for JavaScript (identity 4.14, arm-devtestlabs 4.1)",
        "javascript",
        "node",
        ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),
        ("node", "main.js"),
    ),
)


def main() -> int:
    """Run every client that can be run; 1 if an operation failed."""
    rows, worst = _known(), 0
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(Path(folder) / "home")
        try:
            for client in ALL:
                if shutil.which(client.needs) is None:
                    print(f"{client.name}: left out, there is no {client.needs} here")
                    continue
                steps = _steps(client, cloud, folder)
                good = sum(line.startswith("ok ") for line in steps)
                print("\n".join([f"{client.name}: {good} of {len(steps)}", *steps]), flush=True)
                day = datetime.now(UTC).date()
                rows[client.name] = f"| {client.name} | {good} | {len(steps)} | {day} |"
                worst = max(worst, int(good < len(steps) or not steps))
        finally:
            cloud.close()
    document = DOCUMENT.read_text(encoding="utf-8")
    names = [client.name for client in ALL if client.name in rows]
    table = "\n".join([_HEAD, *(rows[name] for name in names)])
    DOCUMENT.write_text(between(document, BEGIN, END, table), encoding="utf-8")
    return worst


def _steps(client: Client, cloud: Cloud, folder: str) -> list[str]:
    """Give what a client prints; what it could not be made ready for is a step that failed."""
    where = HERE / client.folder
    made = subprocess.run([part.format(folder) for part in client.prepare], cwd=where, check=False)
    if made.returncode:
        return [f"failed {' '.join(client.prepare)}"]
    env = {
        **os.environ,
        "ARM_METADATA_HOSTNAME": cloud.url.removeprefix("https://"),
        "AZURE_SUBSCRIPTION_ID": DEV,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENTS["factory"],
        "AZURE_CLIENT_SECRET": cloud.home.client_secret("factory"),
        "SSL_CERT_FILE": cloud.trust,
        "NODE_EXTRA_CA_CERTS": cloud.trust,
        "NO_PROXY": "localhost",
    }
    command = [part.format(folder) for part in client.run]
    ran = subprocess.run(
        command, cwd=where, env=env, stdout=subprocess.PIPE, text=True, check=False
    )
    steps = [each for each in ran.stdout.splitlines() if each.startswith(("ok ", "failed "))]
    # One that stopped in the middle, without a failed step.
    if ran.returncode and all(each.startswith("ok ") for each in steps):
        steps.append(f"failed: it ended with {ran.returncode}")
    return steps


def _known() -> dict[str, str]:
    """Give the rows of clients that are run elsewhere, as the document has them."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    return {
        line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| SDK")
    }


if __name__ == "__main__":
    sys.exit(main())
