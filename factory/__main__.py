"""``python -m factory``: see factory/cli."""

from __future__ import annotations

import sys

from factory.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
