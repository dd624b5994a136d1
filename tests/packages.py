"""What the tests take from the npm registry: the packages of package.json, in node_modules/."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
SWITCH = "TORNADO_IM_TEST_BROWSER"

INSTALL_SECONDS = 300
"""Far above the half a minute that it takes."""


def install() -> None:
    """All of them, as package-lock.json has them; no script of theirs is run."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(
        command, cwd=ROOT, check=True, timeout=INSTALL_SECONDS, stdout=subprocess.DEVNULL
    )


def needed(name: str) -> Path:
    """The folder of a package, or the end of the test: a skip, or a failure under SWITCH."""
    folder = MODULES / name
    if not folder.exists():
        if not os.environ.get(SWITCH):
            pytest.skip(f"{SWITCH} is not set: npm would take {name} from its registry")
        if shutil.which("npm") is None:
            pytest.fail("not found: npm")
        install()
    return folder
