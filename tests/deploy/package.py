"""The .deb, as cpack makes it of what has been built, and a later version of it."""

import os
import pathlib
import re
import subprocess

PROGRAM = pathlib.Path(os.environ.get("POSTERN", "build/release/relay/app/postern")).resolve()
BUILD = PROGRAM.parents[2]
LATER = "99.0"


def _run(*command, **how) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300, **how)


def make(folder: pathlib.Path) -> pathlib.Path:
    _run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    (package,) = folder.glob("postern_*.deb")
    return package


def later(package: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The same files as version LATER, with another line in the packaged configuration."""
    tree, made = folder / "tree", folder / "later.deb"
    _run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {LATER}", control.read_text()))
    with (tree / "etc" / "postern" / "postern.yml").open("a") as packaged:
        packaged.write("## A line of the next version.\n")
    _run("dpkg-deb", "-b", tree, made)
    return made


def described(package: pathlib.Path) -> str:
    """What dpkg-deb says of it."""
    return subprocess.run(
        ("dpkg-deb", "-I", package), check=True, capture_output=True, text=True, timeout=60
    ).stdout
