"""Building the Pulumi CLI and its Python language host from Go modules.

No package of Debian, PyPI or npm carries the CLI itself. It builds from its Go modules; the
current language host is in no module that can be had, but the one of sdk v3.68.0 still is, and
it drives programs under engines 3.252 to 3.276 with the two scripts of the sdk module of the
engine's own version. The host ignores `runtime.options` of Pulumi.yaml, so the venv's bin folder
goes first on PATH.

What the pinned version is built of is fixed by the go.mod and go.sum beside this file; `go build
-mod=readonly` refuses anything else. Of another version (`make matrix`) they are made when it is
first built, and Go's checksum database vouches for them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rehearsal.engine.steps import SetupError, fingerprint, run_step, say, write_atomic
from rehearsal.engine.versions import CHECKOUT, least, numbers, pinned

MODULES = Path(__file__).resolve().parent
_CLI = "github.com/pulumi/pulumi/pkg/v3"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_SCRIPTS = {
    "pulumi-language-python-exec": "python/cmd",
    "pulumi-resource-pulumi-python": "python/dist",
}
# A compiler that collects garbage less often takes a sixth less time, within its memory limit.
_COMPILER = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}
_MODULE = """\
module imagefactory/engine/cli

go {go}

tool {cli}/cmd/pulumi

require (
	{cli} v{version}
	{sdk} v{version}
)

// The CLI's own: because of it `go install {cli}/cmd/pulumi@v{version}` refuses.
replace github.com/atotto/clipboard => {clipboard}
"""


@dataclass(frozen=True)
class Binary:
    """One program to build: the module folder that pins it, its package and linker flags."""

    name: str
    module: Path
    package: str
    ldflags: str

    def stamp(self) -> str:
        """Hash everything that decides what is built."""
        pinned_by = (self.module / "go.mod", self.module / "go.sum")
        return fingerprint([*pinned_by, self.package, self.ldflags])


def binaries(version: str, module: Path = MODULES / "cli") -> tuple[Binary, Binary]:
    """Give the CLI of a version, pinned by the files in ``module``, and the language host."""
    stamped = f"-X {_SDK}/go/common/version.Version=v{version}"
    return (
        Binary("pulumi", module, f"{_CLI}/cmd/pulumi", f"-s -w {stamped}"),
        Binary(
            "pulumi-language-python",
            MODULES / "language-host",
            f"{_SDK}/python/cmd/pulumi-language-python",
            "-s -w",
        ),
    )


def build(bin_folder: Path) -> bool:
    """Build the pinned version into ``bin_folder``, what is not there yet; True if anything was.

    Raises SetupError if Go is missing or too old, a download fails or a build fails.
    """
    return _build(bin_folder, pinned(), MODULES / "cli")


def build_version(version: str, home: Path = CHECKOUT / ".pulumi") -> Path:
    """Build any version below ``home``, what is not there yet; gives the folder for PATH.

    The pinned one is that of the set-up. Raises SetupError as `build` does.
    """
    if version == pinned():
        build(home / "bin")
        return home / "bin"
    own = home / "engines" / version
    if not (own / "module" / "go.sum").is_file():
        _resolve(version, own / "module", own / "logs" / "resolve.log")
    _build(own / "bin", version, own / "module")
    return own / "bin"


def newest() -> str:
    """Ask the module proxy for the newest version; SetupError if it cannot be asked."""
    answer = subprocess.run(
        [_find_go(), "list", "-m", "-versions", _CLI],
        cwd=MODULES / "cli",
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    released = (each for each in answer.stdout.split()[1:] if "-" not in each)
    listed = [found for found in map(numbers, released) if found]
    if answer.returncode != 0 or not listed:
        message = f"engine: the versions of {_CLI} cannot be had: {_one_line(answer.stderr)}"
        raise SetupError(message)
    return ".".join(map(str, max(listed)))


def _resolve(version: str, module: Path, log: Path) -> None:
    """Write a go.mod for a version, and have Go complete it: all of it, or nothing is left."""
    go = _find_go()
    pinned_module = (MODULES / "cli" / "go.mod").read_text(encoding="utf-8")
    clipboard = re.search(r"^replace github.com/atotto/clipboard => (.+)$", pinned_module, re.M)
    text = _MODULE.format(
        cli=_CLI,
        sdk=_SDK,
        version=version,
        go=_needed_go(),
        clipboard=clipboard[1] if clipboard else "",
    )
    begun = module.with_name(f"{module.name}.{os.getpid()}")
    write_atomic(begun / "go.mod", text)
    try:
        run_step(
            f"engine: modules of {version}",
            [go, "get", "tool"],
            log=log,
            cwd=begun,
            environment={**_environment(), "GOFLAGS": "-mod=mod -buildvcs=false"},
            progress=_progress,
        )
        shutil.rmtree(module, ignore_errors=True)
        begun.replace(module)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def _build(bin_folder: Path, version: str, module: Path) -> bool:
    stamps = bin_folder.parent / "stamps"
    due = [each for each in binaries(version, module) if not _is_current(each, bin_folder, stamps)]
    scripts_due = any(
        not _is_current_script(name, version, bin_folder, stamps) for name in _SCRIPTS
    )
    if not due and not scripts_due:
        return False
    go = _find_go()
    bin_folder.mkdir(parents=True, exist_ok=True)
    for binary in due:
        _build_one(go, binary, bin_folder, stamps)
    if scripts_due:
        _copy_scripts(go, version, bin_folder, stamps)
    return True


def _is_current(binary: Binary, bin_folder: Path, stamps: Path) -> bool:
    stamp = stamps / binary.name
    return (
        (bin_folder / binary.name).is_file()
        and stamp.is_file()
        and stamp.read_text(encoding="utf-8") == binary.stamp()
    )


def _is_current_script(name: str, version: str, bin_folder: Path, stamps: Path) -> bool:
    stamp = stamps / name
    return (
        (bin_folder / name).is_file()
        and stamp.is_file()
        and stamp.read_text(encoding="utf-8") == version
    )


def _find_go() -> str:
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    needed = _needed_go()
    wanted = (
        f"No Pulumi CLI >= {least()} is on PATH, and building one needs Go >= {needed}: "
        "install either (https://www.pulumi.com/docs/install, https://go.dev/dl)"
    )
    if go is None:
        message = f"{wanted}; there is no `go` on PATH."
        raise SetupError(message)
    answer = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=_environment()
    )
    found = answer.stdout.strip().removeprefix("go")
    if _numbers(found) < _numbers(needed):
        message = f"{wanted}; {go} is version {found or 'unknown'}."
        raise SetupError(message)
    return go


def _needed_go() -> str:
    match = re.search(r"^go (\S+)$", (MODULES / "cli" / "go.mod").read_text("utf-8"), re.MULTILINE)
    if match is None:
        message = f"{MODULES / 'cli' / 'go.mod'} has no `go` line."
        raise SetupError(message)
    return match[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _environment() -> dict[str, str]:
    # The user's own Go settings (workspace, flags, another toolchain) must not change what is
    # built. CGO off: the same binary with and without a C compiler, which a bare machine lacks.
    return {
        **os.environ,
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }


def _build_one(go: str, binary: Binary, bin_folder: Path, stamps: Path) -> None:
    temporary = bin_folder / f".{binary.name}.{os.getpid()}"
    # What the linker would strip is not made at all, a tenth of the compiler's time.
    flags = ["-v", "-gcflags=all=-dwarf=false", "-ldflags", binary.ldflags]
    command = [go, "build", *flags, "-o", str(temporary), binary.package]
    try:
        run_step(
            f"engine: build of {binary.name}",
            command,
            log=bin_folder.parent / "logs" / f"build-{binary.name}.log",
            cwd=binary.module,
            environment={**_environment(), **_COMPILER},
            progress=_progress,
        )
        temporary.replace(bin_folder / binary.name)
    finally:
        temporary.unlink(missing_ok=True)
    write_atomic(stamps / binary.name, binary.stamp())


def _progress(log: str) -> str:
    lines = log.splitlines()
    fetched = sum(line.startswith("go: downloading") for line in lines)
    compiled = sum(not line.startswith("go: ") for line in lines)
    return f", {fetched} modules fetched, {compiled} packages compiled"


def _copy_scripts(go: str, version: str, bin_folder: Path, stamps: Path) -> None:
    answer = subprocess.run(
        [go, "mod", "download", "-json", f"{_SDK}@v{version}"],
        cwd=MODULES / "cli",
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    match = re.search(r'"Dir": "([^"]+)"', answer.stdout)
    if answer.returncode != 0 or match is None:
        reason = _one_line(answer.stderr) or _one_line(answer.stdout)
        message = f"engine: the module {_SDK} v{version} cannot be had: {reason}"
        raise SetupError(message)
    for name, folder in _SCRIPTS.items():
        source = Path(match[1]) / folder / name
        write_atomic(bin_folder / name, source.read_text("utf-8"), mode=0o755)
        write_atomic(stamps / name, version)
    say("engine: scripts of the Python language host copied")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
