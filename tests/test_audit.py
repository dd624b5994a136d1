"""What `make audit` makes of pip-audit's report."""

from __future__ import annotations

from tests.audit import verdict

CLEAN = {"name": "clean", "version": "1", "vulns": []}
HOLED = {
    "name": "holed",
    "version": "2",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"], "aliases": [], "description": ""}],
}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


def test_what_is_found_fails() -> None:
    code, said = verdict({"dependencies": [CLEAN, HOLED]})
    assert code == 1
    assert said == ["holed 2: PYSEC-1, mended in 3", "2 packages looked up, 1 holes known."]
    assert verdict({"dependencies": [CLEAN]})[0] == 0


def test_what_could_not_be_looked_up_is_not_called_clean() -> None:
    code, (said,) = verdict({"dependencies": [UNKNOWN]})
    assert code == 0 and "Nothing could be looked up" in said
    assert verdict(None) == (code, [said])
    _, said_of_some = verdict({"dependencies": [CLEAN, UNKNOWN]})
    assert "1 could not be looked up: unknown." in said_of_some
