"""What `--check` prints: where the configuration comes from, and every value that is in force.

It can be read as an INI file, and is the same configuration but for the secrets, which it hides.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from conf.keys import KEYS, Key
from conf.settings import DEFAULT_FILE, SECTIONS, Given, Settings, gather, settle

EMBEDDED = {"mysql": "SQLite", "redis": "Valkey", "mongo": "SecantusDB"}


def report(path: Path | None, environ: Mapping[str, str]) -> str:
    """Raises ConfigError as `conf.settings.load` does."""
    given = gather(path, environ)
    settings = settle(given)
    return "\n".join([*_origin(given), *_sections(given, settings), "", "# All is well."])


def _origin(given: Given) -> Iterator[str]:
    if given.path is None:
        yield f"# No file was read: there is no {DEFAULT_FILE}."
    else:
        yield f"# Read: {given.path.absolute()}"
    for key in given.in_environment:
        yield f"# From the environment: {key.env}"


def _sections(given: Given, settings: Settings) -> Iterator[str]:
    for section in SECTIONS:
        yield ""
        if section in EMBEDDED and section not in given.sections:
            folder = settings.service.data_dir
            yield f"# [{section}] is not configured: embedded {EMBEDDED[section]} in {folder}"
            continue
        if section in EMBEDDED:
            yield f"# [{section}] is configured; whether it answers is seen at the start."
        yield f"[{section}]"
        yield from (_line(key, given, settings) for key in KEYS if key.section == section)


def _line(key: Key, given: Given, settings: Settings) -> str:
    text = given.text(key)
    if text is None:
        return f"# {key.name} is not given."
    if key.secret and text:
        return f"# {key.name} is given, and hidden."
    service = settings.service
    in_force = {"Host": service.host, "HttpPort": f":{service.port}", "DataDir": service.data_dir}
    return f"{key.name} = {in_force.get(key.name, text)}".rstrip()
