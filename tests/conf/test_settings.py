"""The configuration: what is accepted, and the one line that refuses the rest."""

import dataclasses
import ipaddress
import re
from pathlib import Path

import pytest

from conf import settings
from conf.keys import KEYS
from conf.settings import ConfigError, Settings, load

SECRET = "0123456789abcdef0123456789abcdef"
SEED = Path(__file__).with_name("seed_config.ini")
HTTP_PORT = "must be :port, port or host:port with a port from 0 to 65535"
ADDRESS = "must be host:port with a port from 1 to 65535"
NETWORKS = "must be addresses or networks such as 10.0.0.0/8, separated by commas"
EXAMPLE = Path(settings.__file__).with_name("config.example.ini")


@pytest.fixture(autouse=True)
def _no_default_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A checkout may have its own conf/config.ini; these tests must not see it."""
    monkeypatch.setattr(settings, "DEFAULT_FILE", tmp_path / "conf" / "config.ini")


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    return tmp_path / "chat.ini"


def refused(ini: Path, text: str, environ: dict[str, str] | None = None) -> str:
    """The error's line without the name of the file."""
    ini.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(ini, environ or {})
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(f"{ini}: ")


def test_defaults_need_neither_file_nor_environment() -> None:
    loaded = load(None, {})
    assert (loaded.mysql, loaded.redis, loaded.mongo) == (None, None, None)
    assert (loaded.service.host, loaded.service.port) == ("127.0.0.1", 8080)
    assert loaded.service.data_dir == Path("data").absolute()
    assert loaded.service.secret_key is None
    assert loaded.service.token_hours == 24
    assert loaded.chat.send_buffer_bytes == 1_048_576
    assert loaded.media.store == "gridfs"
    assert loaded.limits.sockets_total == 20_000


def test_the_documents_own_file_with_a_key_in_the_environment() -> None:
    loaded = load(SEED, {"TORNADO_IM_SERVICE_SECRETKEY": SECRET})
    assert loaded.service.port == 8080
    assert loaded.service.secret_key == SECRET
    assert loaded.mysql == settings.Mysql("127.0.0.1", 3308, "root", "123456", "chat_demo")
    assert loaded.redis == settings.Redis("127.0.0.1", 6379, None, 1)
    assert loaded.mongo == settings.Mongo(
        hosts="127.0.0.1:27017",
        name="gin-IM",
        user="root",
        password="1234",
        mechanism="SCRAM-SHA-1",
        connect_timeout_seconds=10,
        max_pool=20,
        min_pool=20,
    )


def test_three_stores_without_a_key_end_in_the_line_that_names_it() -> None:
    with pytest.raises(ConfigError) as caught:
        load(SEED, {})
    assert str(caught.value) == (
        f"{SEED}: [service] SecretKey: is required with all three stores configured "
        "(or TORNADO_IM_SERVICE_SECRETKEY)"
    )


def test_two_stores_need_no_key(ini: Path) -> None:
    ini.write_text("[mysql]\n[redis]\n")
    loaded = load(ini, {})
    assert loaded.mysql is not None
    assert loaded.redis is not None
    assert loaded.mongo is None


def test_the_default_file_is_read_when_it_is_there_and_none_is_named(ini: Path) -> None:
    settings.DEFAULT_FILE.parent.mkdir()
    settings.DEFAULT_FILE.write_text("[service]\nHttpPort = 9000\n")
    assert load(None, {}).service.port == 9000
    ini.write_text("")
    assert load(ini, {}).service.port == 8080


def test_the_environment_wins_and_can_make_a_section(ini: Path) -> None:
    ini.write_text("[service]\nTokenHours = 12\n")
    loaded = load(
        ini,
        {
            "TORNADO_IM_SERVICE_TOKENHOURS": "0.5",
            "TORNADO_IM_REDIS_REDISADDR": "cache:6380",
            "TORNADO_IM_TEST_STORES": "1",
            "PATH": "/bin",
        },
    )
    assert loaded.service.token_hours == 0.5
    assert loaded.redis == settings.Redis("cache", 6380, None, 0)


def test_a_value_of_the_file_is_checked_where_the_environment_wins_too(ini: Path) -> None:
    said = refused(ini, "[service]\nHttpPort = abc\n", {"TORNADO_IM_SERVICE_HTTPPORT": ":81"})
    assert said.startswith("[service] HttpPort: must be :port") and said.endswith("not 'abc'")
    with pytest.raises(ConfigError, match=r"^environment TORNADO_IM_SERVICE_HTTPPORT: .*'xyz'$"):
        ini.write_text("[service]\nHttpPort = :81\n")
        load(ini, {"TORNADO_IM_SERVICE_HTTPPORT": "xyz"})


def test_byte_order_mark_and_carriage_returns(ini: Path) -> None:
    ini.write_bytes(
        b"\xef\xbb\xbf[service]\r\nHttpPort = :81\r\n\r\n; note\r\nRegister = closed\r\n"
    )
    assert load(ini, {}).service.port == 81
    assert load(ini, {}).service.register == "closed"


def test_values_are_taken_as_they_are(ini: Path) -> None:
    ini.write_text("[mysql]\nMysqlPassWord = 100%(x)s;#=é\n", encoding="utf-8")
    loaded = load(ini, {})
    assert loaded.mysql is not None
    assert loaded.mysql.password == "100%(x)s;#=é"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":8080", "127.0.0.1", 8080),
        ("8080", "127.0.0.1", 8080),
        ("0", "127.0.0.1", 0),
        ("0.0.0.0:9", "0.0.0.0", 9),
        ("Chat.local:9", "chat.local", 9),
        ("[::1]:9", "::1", 9),
    ],
)
def test_http_port_forms(text: str, host: str, port: int) -> None:
    loaded = load(None, {"TORNADO_IM_SERVICE_HTTPPORT": text})
    assert (loaded.service.host, loaded.service.port) == (host, port)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        (
            "service.AllowedOrigins",
            "https://A.example.org:443, http://b:81,",
            ("https://a.example.org", "http://b:81"),
        ),
        ("service.AllowedHosts", "Chat.example.org,[::1]", ("chat.example.org", "::1")),
        (
            "service.TrustedProxies",
            "10.0.0.0/8, ::1",
            (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")),
        ),
        ("service.LogLevel", "warning", "WARNING"),
        ("service.TokenHours", "0.001", 0.001),
        ("service.MetricsToken", "", None),
        ("mongo.MangoUser", "", None),
        ("mongo.MangoHosts", "a:1,b:2, c", "a:1,b:2, c"),
        ("chat.SendBuffer", "0", 0),
    ],
)
def test_accepted_values(key: str, text: str, value: object) -> None:
    assert value_of(load(None, {env_of(key): text}), key) == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[service]\nHttpPrt = 1",
            "[service] HttpPrt: unknown key; did you mean HttpPort?",
        ),
        (
            "[service]\nhttpport = 1",
            "[service] httpport: unknown key; did you mean HttpPort?",
        ),
        ("[Service]\n", "[Service]: unknown section; did you mean service?"),
        ("[DEFAULT]\nHost = x", "[DEFAULT]: there is none; the sections are service, mysql, redis"),
        ("[groups]", "[groups]: unknown section; the sections are service, mysql, redis"),
        ("Host = x", "line 1: stands before any [section]"),
        ("# a note\n[service\nHost = x", "line 2: the bracket ] is missing"),
        ("[service]\nHost = x\n[chat\n", "line 3: the bracket ] is missing"),
        ("service]\nHost = x", "line 1: the bracket [ is missing"),
        ("[chat]\nnonsense", "line 2: must be Key = value"),
        ("[chat]\n[chat]", "[chat]: stands twice, again in line 2"),
        (
            "[chat]\nGroupMax = 2\nGroupMax = 3",
            "[chat] GroupMax: stands twice, again in line 3",
        ),
        (
            "[mysql]\nMysqlName = a\n  MysqlUser = b",
            "[mysql] MysqlName: must be one line of printable text",
        ),
        (
            "[service]\nHost = b\nHttpPort = a:1",
            "[service] HttpPort: names a, and Host another",
        ),
        (
            "[mongo]\nMangoMinPoolSize = 21",
            "[mongo] MangoMinPoolSize: must not be above MangoMaxPoolSize",
        ),
        (
            "[mongo]\nMangoUser = root",
            "[mongo] MangoPassword: must not be empty when MangoUser is given",
        ),
        ("[media]\nStore = s3", "[media] S3Endpoint: is required for Store = s3"),
        (
            "[media]\nStore = s3\nS3Endpoint = https://s3.example.org\nS3Bucket = media\nS3Key = k",
            "[media] S3Secret: is required for Store = s3",
        ),
    ],
)
def test_refused_files(ini: Path, text: str, line: str) -> None:
    assert refused(ini, text).startswith(line)


def test_nothing_is_suggested_where_nothing_is_near(ini: Path) -> None:
    assert refused(ini, "[chat]\nFooBar = 1") == "[chat] FooBar: unknown key"


@pytest.mark.parametrize(
    ("key", "text", "rule"),
    [
        ("service.HttpPort", "no", f"{HTTP_PORT}, not 'no'"),
        ("service.HttpPort", "65536", f"{HTTP_PORT}, not '65536'"),
        ("service.HttpPort", "a b:1", f"{HTTP_PORT}, not 'a b:1'"),
        ("service.Host", "", "must be a host name"),
        ("service.DataDir", "", "must not be empty"),
        ("media.S3Endpoint", "s3.example.org", "must be an address such as https://s3.example.org"),
        ("media.S3Endpoint", "https://:1", "must be an address such as https://s3.example.org"),
        ("media.S3Endpoint", "https://s3:port", "must be an address such as"),
        ("media.S3Endpoint", "https://s3/?a=b", "must be an address such as"),
        ("media.S3Endpoint", "https://a:b@s3", "must be an address such as"),
        ("media.S3Bucket", "a/b", "must be the name of a bucket"),
        ("service.SecretKey", "short", "must have at least 32 bytes, has 5"),
        ("service.SecretKey", "", "must have at least 32 bytes, has 0"),
        ("service.TokenHours", "nan", "must be a number from 0.0003 to 87600"),
        ("service.TokenHours", "0", "must be a number"),
        ("service.TokenHours", "-1", "must be a number"),
        ("service.Register", "Open", "must be one of open, invite, closed, not 'Open'"),
        ("service.AllowedOrigins", "https://a/b", "must be origins such as"),
        ("service.AllowedOrigins", "https://a:99999", "must be origins such as"),
        ("service.AllowedOrigins", "https://[a", "must be origins such as"),
        ("service.AllowedOrigins", "https://u@a", "must be nothing but"),
        ("service.AllowedHosts", "a:1", "must be a host name"),
        ("service.TrustedProxies", "10.0.0.1/8", "must begin a network, as 10.0.0.0/8"),
        ("service.TrustedProxies", "::1, x", f"{NETWORKS}, not '::1, x'"),
        ("service.LogLevel", "loud", "must be one of DEBUG, INFO, WARNING, ERROR"),
        ("mysql.MysqlPort", "0", "must be a whole number from 1 to 65535"),
        ("mysql.MysqlPort", "3_306", "must be a whole number"),
        ("mysql.MysqlPort", "３３０６", "must be a whole number"),
        ("redis.RedisAddr", "6379", f"{ADDRESS}, not '6379'"),
        ("redis.RedisAddr", ":6379", f"{ADDRESS}, not ':6379'"),
        ("redis.RedisAddr", "h:0", f"{ADDRESS}, not 'h:0'"),
        ("redis.RedisAddr", "host:port", f"{ADDRESS}, not 'host:port'"),
        ("redis.RedisDbName", "x", "must be a whole number"),
        ("mongo.MangoAuthMechanism", "PLAIN", "must be one of"),
        ("mongo.MangoHosts", "", ADDRESS),
        ("mongo.MangoHosts", "a:0", ADDRESS),
        ("mongo.MangoHosts", "mongodb://a", f"{ADDRESS}, several separated by commas, not 'mongo"),
        ("mongo.MangoHosts", "a:1, host:port", ADDRESS),
        ("mongo.MangoConnectTimeout", "0", "must be a number from 0.1 to 300"),
        ("chat.SendBuffer", "1023", "must be a whole number from 1024 to 1073741824, or 0"),
        ("chat.WordsFile", "/no/such", "must be a file that can be read"),
        ("chat.MessageDays", "\x00", "must be one line of printable text"),
        ("limits.SocketsTotal", "99999999999999999999", "must be a whole number"),
    ],
)
def test_refused_values(ini: Path, key: str, text: str, rule: str) -> None:
    name = env_of(key)
    section, _, ini_key = key.partition(".")
    with pytest.raises(ConfigError) as caught:
        load(None, {name: text})
    prefix = f"environment {name}: [{section}] {ini_key}: "
    assert str(caught.value).startswith(prefix + rule)
    if text.isprintable():
        assert refused(ini, f"[{section}]\n{ini_key} = {text}\n").startswith(
            f"[{section}] {ini_key}: {rule}"
        )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SERVICE_HTTP_PORT", "; did you mean TORNADO_IM_SERVICE_HTTPPORT?"),
        ("MYSQL_PASSWORD", "; did you mean TORNADO_IM_MYSQL_MYSQLPASSWORD?"),
        ("FOO_BAR", ""),
    ],
)
def test_an_unknown_variable_names_the_nearest_if_one_is_near(name: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {f"TORNADO_IM_{name}": "1"})
    assert str(caught.value) == f"environment TORNADO_IM_{name}: unknown key{hint}"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.ini", tmp_path):
        with pytest.raises(ConfigError, match=rf"^{re.escape(str(path))}: cannot be read: "):
            load(path, {})
    latin = tmp_path / "latin.ini"
    latin.write_bytes("[mysql]\nMysqlUser = é".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"must be UTF-8$"):
        load(latin, {})


def test_no_secret_is_shown(ini: Path) -> None:
    hidden = {key.env: f"hush{number:032}" for number, key in enumerate(KEYS) if key.secret}
    shown = repr(load(None, hidden))
    assert "hush" not in shown
    assert len(hidden) == 7
    for name in hidden:
        with pytest.raises(ConfigError) as caught:
            load(None, {name: "hush\x07"})
        assert "hush" not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    loaded = load(None, {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.service.port = 1  # type: ignore[misc]


def test_the_example_says_every_key_with_its_default_and_meaning() -> None:
    expected = [
        "# Every key with its default. Copy this file to config.ini and take the # from a line to",
        "# change it. Any key can also be given by environment, as TORNADO_IM_SERVICE_HTTPPORT.",
    ]
    section = ""
    for key in KEYS:
        if key.section != section:
            section = key.section
            expected += ["", f"#[{section}]"]
        expected += [f"# {key.doc}", f"#{key.name} = {key.default or ''}".rstrip()]
    assert EXAMPLE.read_text(encoding="utf-8").splitlines() == expected


def test_the_example_without_its_comment_signs_is_accepted(ini: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    ini.write_text(re.sub(r"(?m)^#(?! )", "", text).replace("SecretKey =", f"SecretKey = {SECRET}"))
    loaded = load(ini, {})
    assert loaded.mysql is not None
    assert loaded.service == dataclasses.replace(load(None, {}).service, secret_key=SECRET)


def env_of(key: str) -> str:
    section, _, name = key.partition(".")
    return next(k.env for k in KEYS if (k.section, k.name) == (section, name))


def value_of(loaded: Settings, key: str) -> object:
    section, _, name = key.partition(".")
    attribute = next(k.attribute for k in KEYS if (k.section, k.name) == (section, name))
    return getattr(getattr(loaded, section), attribute)
