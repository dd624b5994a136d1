"""`make audit`: looks every pinned package up among the holes that are known.

It fails for what was found, and says in one line what could not be looked up: that no hole is known
of a package that nobody could be asked about says nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PINNED = Path(__file__).parent.parent / "requirements-dev.txt"
SECONDS = 600


def verdict(
    report: dict[str, Any] | None, why: str = "the list of holes knows none of the packages"
) -> tuple[int, list[str]]:
    """The exit code and what is to be said.

    Args:
        report: of pip-audit, None where it made none.
        why: there is none.
    """
    if report is None:
        return 0, [f"Nothing could be looked up: {why}."]
    packages = report["dependencies"]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    said = [
        f"{package['name']} {package['version']}: {hole['id']},"
        f" mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for package in packages
        for hole in package.get("vulns", ())
    ]
    found = len(said)
    if len(unknown) == len(packages):
        return verdict(None)
    if unknown:
        said.append(f"{len(unknown)} could not be looked up: {', '.join(unknown)}.")
    said.append(f"{len(packages) - len(unknown)} packages looked up, {found} holes known.")
    return int(found > 0), said


def main() -> int:
    options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--requirement", str(PINNED), *options],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.stdout.strip():
        code, said = verdict(json.loads(done.stdout))
    else:
        code, said = verdict(None, done.stderr.strip().rpartition("\n")[2][:200])
    print("\n".join(said))
    return code


if __name__ == "__main__":
    sys.exit(main())
