"""The whole configuration as one frozen, checked value.

`conf.keys.KEYS` says which keys there are. The text of one comes from the environment
(`TORNADO_IM_SECTION_KEY`, upper case), else from the file, else it is the default. A store whose
section is absent from both is None: the server then brings its own. A value of the file is checked
even where the environment wins.
"""

import configparser
import difflib
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from conf.keys import ENV_PREFIX, KEYS, Key

DEFAULT_FILE = Path(__file__).with_name("config.ini")
ENV_TEST_PREFIX = "TORNADO_IM_TEST_"  # belongs to the tests; no setting
STORES = ("mysql", "redis", "mongo")
NEAR = 0.7  # difflib's likeness from which a name is suggested: a slip or two, not another word

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConfigError(Exception):
    """Why the server cannot start, in one line for the person who starts it."""


@dataclass(frozen=True, slots=True)
class Service:
    host: str
    port: int  # 0: any free port
    data_dir: Path  # absolute
    secret_key: str | None = field(repr=False)  # None: made once in the data folder
    token_hours: float
    register: str  # open, invite or closed
    allowed_origins: tuple[str, ...]  # scheme://host[:port], lower case
    allowed_hosts: tuple[str, ...]  # lower case, without port and brackets
    trusted_proxies: tuple[Network, ...]
    metrics_token: str | None = field(repr=False)
    log_level: str  # a name that logging knows
    log_format: str  # text or json


@dataclass(frozen=True, slots=True)
class Mysql:
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True)
class Redis:
    host: str
    port: int
    password: str | None = field(repr=False)  # None: no authentication
    db: int
    unix_socket: Path | None = None  # in place of host and port


@dataclass(frozen=True, slots=True)
class Mongo:
    hosts: str  # host[:port], several by commas
    name: str
    user: str | None  # None: no authentication
    password: str | None = field(repr=False)
    mechanism: str
    connect_timeout_seconds: float
    max_pool: int
    min_pool: int


@dataclass(frozen=True, slots=True)
class Chat:
    message_days: int
    stranger_limit: int
    recall_seconds: int
    edit_seconds: int
    group_max: int
    send_buffer_bytes: int
    rate_per_second: int
    words_file: Path | None
    words_action: str  # refuse or mask


@dataclass(frozen=True, slots=True)
class Media:
    store: str  # gridfs or s3
    max_image_mb: int
    max_file_mb: int
    voice_seconds: int
    s3_endpoint: str | None
    s3_bucket: str | None
    s3_region: str | None
    s3_key: str | None = field(repr=False)
    s3_secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    login_per_minute: int
    register_per_hour: int
    uploads_per_minute: int
    sockets_per_user: int
    sockets_total: int


@dataclass(frozen=True, slots=True)
class Settings:
    service: Service
    mysql: Mysql | None
    redis: Redis | None
    mongo: Mongo | None
    chat: Chat
    media: Media
    limits: Limits


SECTIONS = tuple(dict.fromkeys(key.section for key in KEYS))
_ALL_SECTIONS = f"the sections are {', '.join(SECTIONS)}"


@dataclass(frozen=True, slots=True)
class Given:
    """The texts that were given, each where it was given."""

    path: Path | None  # the file that was read
    sections: frozenset[str]  # of the file and of the environment
    in_file: dict[Key, str]
    in_environment: dict[Key, str]

    def text(self, key: Key) -> str | None:
        """The text that is in force."""
        return self.in_environment.get(key, self.in_file.get(key, key.default))

    def refuse(self, key: Key, rule: str) -> NoReturn:
        """Raise what is wrong with the text that is in force."""
        if key in self.in_environment:
            _refuse(f"environment {key.env}", key, rule)
        _refuse(str(self.path or "environment"), key, rule)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read `path` (None: conf/config.ini if there is one) and the environment.

    Raises ConfigError that names file or variable, section, key and the broken rule.
    """
    return settle(gather(path, environ))


def gather(path: Path | None, environ: Mapping[str, str]) -> Given:
    """The texts, as `load` finds them, with every name known; raises ConfigError otherwise."""
    if path is None and DEFAULT_FILE.exists():
        path = DEFAULT_FILE
    file = {} if path is None else _read(path)
    in_file = _known(path, file)
    in_environment: dict[Key, str] = {}
    variables = {key.env: key for key in KEYS}
    for name in sorted(environ):
        if not name.startswith(ENV_PREFIX) or name.startswith(ENV_TEST_PREFIX):
            continue
        if name not in variables:
            # Without what all of them begin with, which would make everything look near.
            near = _near(
                name.removeprefix(ENV_PREFIX), [v.removeprefix(ENV_PREFIX) for v in variables]
            )
            raise ConfigError(f"environment {name}: unknown key{_hint(near and ENV_PREFIX + near)}")
        in_environment[variables[name]] = environ[name].strip()
    sections = frozenset(file) | {key.section for key in in_environment}
    return Given(path, sections, in_file, in_environment)


def settle(given: Given) -> Settings:
    """The values of the texts; raises ConfigError as `load` does."""
    for key, text in given.in_file.items():
        _value(key, text, str(given.path))
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for key in KEYS:
        values[key.section][key.attribute] = _value(key, given.text(key), f"environment {key.env}")
    _combine(values, given)
    return Settings(
        service=Service(**values["service"]),
        mysql=Mysql(**values["mysql"]) if "mysql" in given.sections else None,
        redis=Redis(**values["redis"]) if "redis" in given.sections else None,
        mongo=Mongo(**values["mongo"]) if "mongo" in given.sections else None,
        chat=Chat(**values["chat"]),
        media=Media(**values["media"]),
        limits=Limits(**values["limits"]),
    )


def _known(path: Path | None, file: Mapping[str, Mapping[str, str]]) -> dict[Key, str]:
    """The texts of a file by their keys."""
    known = {(key.section, key.name): key for key in KEYS}
    texts: dict[Key, str] = {}
    for section, entries in file.items():
        if section == "DEFAULT":
            raise ConfigError(f"{path}: [DEFAULT]: there is none; {_ALL_SECTIONS}")
        if section not in SECTIONS:
            hint = _hint(_near(section, SECTIONS)) or f"; {_ALL_SECTIONS}"
            raise ConfigError(f"{path}: [{section}]: unknown section{hint}")
        for name, text in entries.items():
            if (section, name) not in known:
                hint = _hint(_near(name, [key.name for key in KEYS if key.section == section]))
                raise ConfigError(f"{path}: [{section}] {name}: unknown key{hint}")
            texts[known[section, name]] = text
    return texts


def _read(path: Path) -> dict[str, dict[str, str]]:
    # [DEFAULT] would leak into every section; named so, it is an unknown section like any other.
    parser = configparser.ConfigParser(
        interpolation=None, delimiters=("=",), default_section="\0", empty_lines_in_values=False
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys as they are written
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        parser.read_string(text, source=str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: must be UTF-8") from None
    except configparser.DuplicateSectionError as error:
        raise ConfigError(
            f"{path}: [{error.section}]: stands twice, again in line {error.lineno}"
        ) from None
    except configparser.DuplicateOptionError as error:
        raise ConfigError(
            f"{path}: [{error.section}] {error.option}: stands twice, again in line {error.lineno}"
        ) from None
    except configparser.MissingSectionHeaderError as error:
        rule = "stands before any [section]"
        raise ConfigError(_at_line(path, text, error.lineno, rule)) from None
    except configparser.ParsingError as error:
        rule = "must be Key = value"
        raise ConfigError(_at_line(path, text, error.errors[0][0], rule)) from None
    return {section: dict(parser[section]) for section in parser.sections()}


def _at_line(path: Path, text: str, number: int, rule: str) -> str:
    line = text.split("\n")[number - 1].strip()
    if line.startswith("[") and "]" not in line:
        rule = "the bracket ] is missing; a section is written as [service]"
    elif line.endswith("]") and "[" not in line and "=" not in line:
        rule = "the bracket [ is missing; a section is written as [service]"
    return f"{path}: line {number}: {rule}"


def _near(word: str, known: Iterable[str]) -> str | None:
    by_fold = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=NEAR)
    return by_fold[near[0]] if near else None


def _hint(name: str | None) -> str:
    return f"; did you mean {name}?" if name else ""


def _value(key: Key, text: str | None, origin: str) -> object:
    if text is None:
        return None
    if not text.isprintable():
        rule = "must be one line of printable text (is the next line indented?)"
        _refuse(origin, key, rule)
    try:
        return key.parse(text)
    except ValueError as error:
        _refuse(origin, key, str(error) if key.secret else f"{error}, not {text!r}")


def _refuse(origin: str, key: Key, rule: str) -> NoReturn:
    raise ConfigError(f"{origin}: [{key.section}] {key.name}: {rule}")


def _combine(values: dict[str, dict[str, Any]], given: Given) -> None:
    """Split the keys that carry two values, and hold keys against each other."""
    keys = {key.name: key for key in KEYS}
    service, redis, mongo, media = (values[name] for name in ("service", "redis", "mongo", "media"))
    host, service["port"] = service.pop("http_port")
    if host is not None:
        if keys["Host"] in given.in_file | given.in_environment and service["host"] != host:
            given.refuse(keys["HttpPort"], f"names {host}, and Host another: name it once")
        service["host"] = host
    redis["host"], redis["port"] = redis.pop("address")
    if mongo["min_pool"] > mongo["max_pool"]:
        given.refuse(keys["MangoMinPoolSize"], "must not be above MangoMaxPoolSize")
    if mongo["user"] and not mongo["password"]:
        given.refuse(keys["MangoPassword"], "must not be empty when MangoUser is given")
    if media["store"] == "s3":
        for name in ("S3Endpoint", "S3Bucket", "S3Key", "S3Secret"):
            if media[keys[name].attribute] is None:
                given.refuse(keys[name], "is required for Store = s3")
    if given.sections.issuperset(STORES) and service["secret_key"] is None:
        secret = keys["SecretKey"]
        given.refuse(secret, f"is required with all three stores configured (or {secret.env})")
