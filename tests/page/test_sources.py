"""What holds for the page's files, whatever they do."""

import json
import re
import subprocess
from pathlib import Path

STATIC = Path(__file__).parents[2] / "static"
OWN = [path for path in STATIC.rglob("*.*") if "vendor" not in path.parts]
SCRIPTS = [path for path in OWN if path.suffix == ".js"]

KEY = re.compile(r'\bt\("([\w.]+)"')
BACK_DOORS = re.compile(r"(inner|outer)HTML|insertAdjacent|dangerously|\beval\b|new Function")


def table(node: str, lang: str) -> dict[str, str]:
    print_it = "(m) => console.log(JSON.stringify(m.default))"
    script = f"import('{STATIC}/js/lang/{lang}.js').then({print_it})"
    run = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_both_languages_say_everything(node: str) -> None:
    en, zh = table(node, "en"), table(node, "zh")
    assert set(en) == set(zh)
    used = {key for path in SCRIPTS for key in KEY.findall(path.read_text())}
    assert used - set(en) == set()
    same = {key for key in en if en[key] == zh[key]}
    assert same == {"app"}


def test_modules_are_small_and_open_with_their_purpose() -> None:
    for path in SCRIPTS:
        text = path.read_text()
        assert text.count("\n") <= 300, path
        assert text.startswith(("/**", "//")), path


def test_nobodys_text_can_become_markup_and_nothing_is_inline() -> None:
    for path in SCRIPTS:
        assert not BACK_DOORS.search(path.read_text()), path
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", page)
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_all_modules_are_fetched_at_once() -> None:
    page = (STATIC / "index.html").read_text()
    named = re.findall(r'(?:src|rel="modulepreload" href)="/static/js/([\w/.-]+)"', page)
    assert sorted(named) == sorted(str(path.relative_to(STATIC / "js")) for path in SCRIPTS)


def test_what_is_vendored_is_what_the_record_says(node: str) -> None:
    vendor = STATIC / "vendor"
    subprocess.run([node, str(vendor / "vendor.mjs"), "--check"], check=True)
    record = json.loads((vendor / "VENDOR.json").read_text())
    named = {name for package in record for name in package["files"]}
    assert named == {path.name for path in vendor.iterdir()} - {"vendor.mjs", "VENDOR.json"}


def test_icons_that_are_used_are_in_the_sprite() -> None:
    sprite = set(
        re.findall(r'<symbol id="icon-([\w-]+)"', (STATIC / "vendor/icons.svg").read_text())
    )
    said = "".join(path.read_text() for path in SCRIPTS)
    used = set(re.findall(r'(?:icon=|icon: |Icon} name=)"([\w-]+)"', said))
    assert used <= sprite
    assert {name for name in sprite if f'"{name}"' not in said} == set(), "not used"
