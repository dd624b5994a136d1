"""One table of all keys, which the INI file, the environment and the example file follow."""

from collections.abc import Callable
from dataclasses import dataclass

from conf.rules import (
    address,
    bucket,
    decimal,
    endpoint,
    filled,
    folder,
    free,
    host_name,
    http_port,
    list_of,
    mongo_hosts,
    network,
    one_of,
    optional,
    origin,
    readable_file,
    signing_secret,
    whole,
)

ENV_PREFIX = "TORNADO_IM_"


@dataclass(frozen=True, slots=True)
class Key:
    section: str
    name: str
    attribute: str
    parse: Callable[[str], object]
    default: str | None  # as it would stand in the file; None: the value is None
    doc: str
    secret: bool = False  # its value never appears in an error

    @property
    def env(self) -> str:
        return f"{ENV_PREFIX}{self.section}_{self.name}".upper()


_LIMIT = whole(0, 1_000_000)
_PORT = whole(1, 65535)
_LEVELS = one_of("DEBUG", "INFO", "WARNING", "ERROR")
_MECHANISMS = one_of("SCRAM-SHA-256", "SCRAM-SHA-1")

# fmt: off
KEYS: tuple[Key, ...] = (
    Key("service", "HttpPort", "http_port", http_port, ":8080",
        "Port to listen on, as :8080, 8080 or host:8080; 0 takes any free one."),
    Key("service", "Host", "host", host_name, "127.0.0.1",
        "Address to listen on; 0.0.0.0 for all (name AllowedHosts then)."),
    Key("service", "DataDir", "data_dir", folder, "data",
        "Folder for all that this server keeps; relative to where it is started."),
    Key("service", "SecretKey", "secret_key", signing_secret, None,
        "Signs the tokens, at least 32 bytes; absent: made once in DataDir.", True),
    Key("service", "TokenHours", "token_hours", decimal(0.0003, 87600), "24",
        "How long a login lasts, in hours; decimals are allowed."),
    Key("service", "Register", "register", one_of("open", "invite", "closed"), "open",
        "Who may register: open, invite or closed."),
    Key("service", "AllowedOrigins", "allowed_origins", list_of(origin), "",
        "Other sites whose pages may call us, as https://chat.example.org, separated by commas."),
    Key("service", "AllowedHosts", "allowed_hosts", list_of(host_name), "",
        "Names it may be called by, no port, separated by commas; empty: loopback and Host."),
    Key("service", "TrustedProxies", "trusted_proxies", list_of(network), "",
        "Proxies whose X-Forwarded-For counts, as 10.0.0.0/8, separated by commas."),
    Key("service", "MetricsToken", "metrics_token", optional, "",
        "Bearer token that /metrics asks for; empty: it asks for none.", True),
    Key("service", "LogLevel", "log_level", lambda text: _LEVELS(text.upper()), "INFO",
        "DEBUG, INFO, WARNING or ERROR."),
    Key("service", "LogFormat", "log_format", one_of("text", "json"), "text",
        "text or json, one event a line."),
    Key("mysql", "MysqlHost", "host", host_name, "127.0.0.1",
        "Host of MySQL or MariaDB."),
    Key("mysql", "MysqlPort", "port", _PORT, "3306",
        "Its port."),
    Key("mysql", "MysqlUser", "user", filled, "root",
        "Account."),
    Key("mysql", "MysqlPassWord", "password", free, "",
        "Its password.", True),
    Key("mysql", "MysqlName", "name", filled, "tornado_im",
        "Database; made at the start when it is missing and the account may."),
    Key("redis", "RedisAddr", "address", address, "127.0.0.1:6379",
        "host:port of Redis or Valkey."),
    Key("redis", "RedisPassWord", "password", optional, "",
        "Its password; empty: none.", True),
    Key("redis", "RedisDbName", "db", whole(0, 65535), "0",
        "Number of the database."),
    Key("mongo", "MangoAuthMechanism", "mechanism", _MECHANISMS, "SCRAM-SHA-256",
        "SCRAM-SHA-256 or SCRAM-SHA-1."),
    Key("mongo", "MangoUser", "user", optional, "",
        "Account (in the database admin); empty: no authentication."),
    Key("mongo", "MangoPassword", "password", optional, "",
        "Its password.", True),
    Key("mongo", "MangoHosts", "hosts", mongo_hosts, "127.0.0.1:27017",
        "host:port of MongoDB, several members separated by commas."),
    Key("mongo", "MangoDBName", "name", filled, "tornado_im",
        "Database."),
    Key("mongo", "MangoConnectTimeout", "connect_timeout_seconds", decimal(0.1, 300), "10",
        "Seconds until an attempt to connect is given up."),
    Key("mongo", "MangoMaxPoolSize", "max_pool", whole(1, 10_000), "20",
        "Most connections of one process."),
    Key("mongo", "MangoMinPoolSize", "min_pool", whole(0, 10_000), "0",
        "Connections kept open; at most MangoMaxPoolSize."),
    Key("chat", "MessageDays", "message_days", whole(0, 36_500), "90",
        "Days that messages are kept; 0: for ever."),
    Key("chat", "StrangerLimit", "stranger_limit", _LIMIT, "3",
        "Messages to somebody who has not answered yet; 0: no limit."),
    Key("chat", "RecallSeconds", "recall_seconds", whole(0, 10**9), "120",
        "Seconds in which a sender may recall a message; 0: no limit."),
    Key("chat", "EditSeconds", "edit_seconds", whole(0, 10**9), "900",
        "Seconds in which a sender may edit a message; 0: no limit."),
    Key("chat", "GroupMax", "group_max", whole(2, 100_000, or_zero=True), "500",
        "Members of a group; 0: no limit."),
    Key("chat", "SendBuffer", "send_buffer_bytes", whole(1024, 2**30, or_zero=True), "1048576",
        "Unsent bytes of one socket before it is closed with 4009; 0: no limit."),
    Key("chat", "RatePerSecond", "rate_per_second", _LIMIT, "20",
        "Messages a second from one user, three times that in a burst; 0: no limit."),
    Key("chat", "WordsFile", "words_file", readable_file, "",
        "UTF-8 file of refused words, one a line; empty: the list that comes with the server."),
    Key("chat", "WordsAction", "words_action", one_of("refuse", "mask"), "refuse",
        "What happens to a message with such a word: refuse or mask."),
    Key("media", "Store", "store", one_of("gridfs", "s3"), "gridfs",
        "Where uploads are kept: gridfs (in MongoDB) or s3 (at most 5 GiB each)."),
    Key("media", "MaxImageMB", "max_image_mb", whole(0, 1024), "10",
        "Largest image in MiB; 0: no limit."),
    Key("media", "MaxFileMB", "max_file_mb", whole(0, 102_400), "50",
        "Largest file in MiB; 0: no limit."),
    Key("media", "VoiceSeconds", "voice_seconds", whole(0, 86_400), "60",
        "Longest voice message in seconds; 0: no limit."),
    Key("media", "S3Endpoint", "s3_endpoint", endpoint, "",
        "Address of the S3 service, as https://s3.example.org; for Store = s3."),
    Key("media", "S3Bucket", "s3_bucket", bucket, "",
        "Bucket; for Store = s3."),
    Key("media", "S3Region", "s3_region", optional, "",
        "Region, where the service wants one."),
    Key("media", "S3Key", "s3_key", optional, "",
        "Access key; for Store = s3.", True),
    Key("media", "S3Secret", "s3_secret", optional, "",
        "Secret key; for Store = s3.", True),
    Key("limits", "LoginPerMinute", "login_per_minute", _LIMIT, "10",
        "Logins a minute, by name and by address; 0: no limit."),
    Key("limits", "RegisterPerHour", "register_per_hour", _LIMIT, "20",
        "Registrations an hour by address; 0: no limit."),
    Key("limits", "UploadsPerMinute", "uploads_per_minute", _LIMIT, "30",
        "Uploads a minute by user; 0: no limit."),
    Key("limits", "SocketsPerUser", "sockets_per_user", _LIMIT, "20",
        "Open WebSockets of one user; 0: no limit."),
    Key("limits", "SocketsTotal", "sockets_total", _LIMIT, "20000",
        "Open WebSockets of this process; 0: no limit."),
)
# fmt: on
