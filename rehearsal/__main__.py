"""`python -m rehearsal`: see rehearsal/cli.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run one command; `setup` must work before any package is installed."""
    if arguments[:1] == ["setup"]:
        from rehearsal.setup import main as setup  # noqa: PLC0415  # standard library alone

        return setup(arguments[1:])
    from rehearsal.cli import main as command  # noqa: PLC0415  # needs the packages

    return command(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
