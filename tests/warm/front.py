"""What the engine starts as `python3`: has its program forked, and stands for it.

It gives its files, folder and variables, passes signals on, and ends as the program does; if it
ends first, so does the program. It uses nothing that takes long to import: it is to be there at
once.
"""
# ruff: noqa: PTH109, PTH118, PTH120, PTH123, SIM105, S606, TRY301

import _socket
import marshal
import os
import signal
import sys

# What the server runs as, and in; filled in by the package.
REAL, CHECKOUT, VARIABLES = "{real}", "{checkout}", "{variables}"
HERE = os.path.dirname(__file__)
_PARENT_SECONDS = 0.5


def is_foreseen(words: list[str]) -> bool:
    own = {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
    if own.pop("PYTHONPATH", CHECKOUT) != CHECKOUT or repr(sorted(own.items())) != VARIABLES:
        return False
    if words[:2] == ["-m", "rehearsal.plugin"]:
        return True
    program = bool(words) and words[0].endswith("/pulumi-language-python-exec")
    return program and words[words.index("--pwd") + 1] == CHECKOUT


def main() -> int:
    words = sys.argv[1:]
    if words == ["-m", "pip", "list", "-v", "--format", "json"]:
        with open(os.path.join(HERE, "packages.json")) as packages:
            sys.stdout.write(packages.read())
        return 0
    asked = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        if not is_foreseen(words):
            raise OSError
        asked.connect(os.path.join(HERE, "asked"))
    except OSError:
        os.execv(REAL, [REAL, *words])
    mask = os.umask(0)
    os.umask(mask)
    told = memoryview(marshal.dumps((words, os.getcwd(), dict(os.environ), mask)))
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    sent = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)]
    asked.sendmsg([len(told).to_bytes(4, "big")], sent)
    while told:
        told = told[asked.send(told) :]
    number = int.from_bytes(asked.recv(4), "big")

    def pass_on(sign: int, _: object) -> None:
        try:
            os.kill(number, sign)
        except ProcessLookupError:
            pass  # it has just ended

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, pass_on)
    # What ends a program by its parent's end would never see that it is another's child.
    parent = os.getppid()
    asked.settimeout(_PARENT_SECONDS)
    while os.getppid() == parent:
        try:
            code = asked.recv(4)
        except TimeoutError:
            continue
        return int.from_bytes(code, "big", signed=True) if code else 1
    return 1


ended = main()
sys.stdout.flush()
if ended < 0:  # as the program: by a signal
    signal.signal(-ended, signal.SIG_DFL)
    os.kill(os.getpid(), -ended)
os._exit(ended)
