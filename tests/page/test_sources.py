"""What holds for the page's files, whatever they do."""

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

STATIC = Path(__file__).parents[2] / "static"
PAGES = {
    STATIC / "index.html": STATIC / "js",
    STATIC / "docs" / "index.html": STATIC / "docs",
    STATIC / "admin" / "index.html": STATIC / "admin",
}
"""Each page and the folder of its own scripts."""

OWN = [path for path in STATIC.rglob("*.*") if "vendor" not in path.parts]
SCRIPTS = [path for path in OWN if path.suffix == ".js"]

KEY = re.compile(r'\bt\("([\w.]+)"')
LATER = re.compile(r'\bimport\("(\.[^"]+)"\)')
IMPORT = re.compile(r'^(?:import|export) [^;]*?"(\.[^"]+)";', re.MULTILINE)
BACK_DOORS = re.compile(r"(inner|outer)HTML|insertAdjacent|dangerously|\beval\b|new Function")


def table(node: str, folder: Path, lang: str) -> dict[str, str]:
    print_it = "(m) => console.log(JSON.stringify(m.default))"
    script = f"import('{folder}/lang/{lang}.js').then({print_it})"
    run = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize("folder", PAGES.values(), ids=str)
def test_both_languages_say_everything(node: str, folder: Path) -> None:
    en, zh = table(node, folder, "en"), table(node, folder, "zh")
    assert set(en) == set(zh)
    used = {key for path in folder.rglob("*.js") for key in KEY.findall(path.read_text())}
    assert used - set(en) == set()
    same = {key for key in en if en[key] == zh[key]}
    assert same <= {"app"}


def test_modules_are_small_and_open_with_their_purpose() -> None:
    for path in SCRIPTS:
        text = path.read_text()
        assert text.count("\n") <= 300, path
        assert text.startswith(("/**", "//")), path


def test_style_sheets_are_small_and_all_are_used() -> None:
    scripts = "".join(path.read_text() for path in SCRIPTS)
    pages = "".join(page.read_text() for page in PAGES)
    for path in OWN:
        if path.suffix == ".css":
            assert path.read_text().count("\n") <= 400, path
            assert path.name in pages or f'"{path.stem}"' in scripts, path


def test_nobodys_text_can_become_markup_and_nothing_is_inline() -> None:
    for path in SCRIPTS:
        assert not BACK_DOORS.search(path.read_text()), path
    for path in PAGES:
        page = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", page)
        assert not re.search(r"https?://(?!www\.w3\.org)", page)


def imported(module: Path, found: set[Path] | None = None) -> set[Path]:
    """A module and all that it needs."""
    found = set() if found is None else found
    if module not in found:
        found.add(module)
        for name in IMPORT.findall(module.read_text()):
            imported((module.parent / name).resolve(), found)
    return found


def imported_later(modules: set[Path]) -> set[Path]:
    """What these fetch when it is first wanted, with all that it needs besides, then and later."""
    found: set[Path] = set()
    for module in modules:
        for name in LATER.findall(module.read_text()):
            imported((module.parent / name).resolve(), found)
    new = found - modules
    return new | imported_later(modules | new) if new else new


def listed(page: Path) -> dict[str, list[str]]:
    """The modules that a page has fetched at once, and by its templates those of a language or of
    who is signed in.
    """
    text = page.read_text()
    templates = dict(re.findall(r'<template id="([\w-]+)">(.*?)</template>', text, re.DOTALL))
    parts = templates | {"": re.sub(r"<template.*?</template>", "", text, flags=re.DOTALL)}
    link = re.compile(r'(?:type="module" src|rel="modulepreload" href)="/static/([\w/.-]+)"')
    return {name: sorted(link.findall(part)) for name, part in parts.items()}


def names(modules: set[Path]) -> list[str]:
    return sorted(str(path.relative_to(STATIC)) for path in modules)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_all_modules_are_fetched_at_once_and_none_is_left_over(page: Path) -> None:
    folder = PAGES[page]
    first = imported(folder / "main.js")
    lists = listed(page)
    assert lists.pop("", []) + lists.pop("first", []) == names(first)
    halves: set[Path] = set()
    for name, entry in {"door": "views/signin.js", "inside": "room.js"}.items():
        half = imported(folder / entry) - first if name in lists else set()
        assert lists.pop(name, []) == names(half)
        halves |= half
    for name, modules in lists.items():
        tables = {STATIC / "js", folder}
        texts = [one / "lang" / f"{name.removeprefix('texts-')}.js" for one in tables]
        assert modules == names(set().union(*map(imported, texts)))
    own = {path for path in folder.rglob("*.js") if path.stem != "boot"}
    assert own <= first | halves | imported_later(first | halves)


def test_what_is_listed_for_who_is_signed_in_has_its_style_sheets() -> None:
    page = (STATIC / "index.html").read_text()
    sheets = set(re.findall(r'(?:rel="stylesheet"|as="style") href="/static/css/([\w-]+)', page))
    said = "".join(path.read_text() for path in SCRIPTS)
    fetched = set(re.findall(r'fetchSheet\("([\w-]+)"', said))
    for names in re.findall(r"styles: \[([^\]]*)\]", said):
        fetched |= set(re.findall(r'"([\w-]+)"', names))
    assert sheets | fetched == {path.stem for path in (STATIC / "css").glob("*.css")}


def test_what_is_vendored_is_what_the_record_says(node: str) -> None:
    vendor = STATIC / "vendor"
    subprocess.run([node, str(vendor / "vendor.mjs"), "--check"], check=True)
    record = json.loads((vendor / "VENDOR.json").read_text())
    named = {name for package in record for name in package["files"]}
    assert named == {path.name for path in vendor.iterdir()} - {"vendor.mjs", "VENDOR.json"}


def test_the_logo_of_the_style_sheets_is_the_icon() -> None:
    [drawn] = re.findall(
        r'--logo: url\("data:image/svg\+xml,(.*)"\)', (STATIC / "css/tokens.css").read_text()
    )
    icon = re.sub(r">\s+<", "><", (STATIC / "img/icon.svg").read_text().strip())
    assert unquote(drawn) == icon.replace('"', "'")


def test_icons_that_are_used_are_in_the_sprite() -> None:
    sprite = set(
        re.findall(r'<symbol id="icon-([\w-]+)"', (STATIC / "vendor/icons.svg").read_text())
    )
    said = "".join(path.read_text() for path in SCRIPTS)
    used = set(re.findall(r'(?:icon=|icon: |Icon} name=)"([\w-]+)"', said))
    assert used <= sprite
    assert {name for name in sprite if f'"{name}"' not in said} == set(), "not used"
