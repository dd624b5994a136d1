"""Debian's MariaDB and Redis and a MongoDB-wire server, each of our own in a folder of its own."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis import Redis
from redis.exceptions import RedisError

from tests.faults.programs import Server, free_port

PROGRAMS = ("mariadbd", "mariadb-install-db", "redis-server")
READY_SECONDS = 30.0
STEP_SECONDS = 0.05

# The document's own accounts.
SQL_USER, SQL_PASSWORD = "root", "123456"
MONGO_USER, MONGO_PASSWORD = "root", "1234"

KEY = "the key that both processes sign with, 32 bytes or more"

DOCUMENT = """\
[service]
HttpPort = :{http}

[mysql]
MysqlHost = 127.0.0.1
MysqlPort = {sql}
MysqlUser = root
MysqlPassWord = 123456
MysqlName = {names.sql}

[redis]
RedisAddr = 127.0.0.1:{redis}
RedisPassWord =
RedisDbName = {names.redis}

[mongo]
MangoAuthMechanism = SCRAM-SHA-1
MangoUser = root
MangoPassword = 1234
MangoHosts = 127.0.0.1:{mongo}
MangoDBName = {names.mongo}
MangoConnectTimeout = 10
MangoMaxPoolSize = 20
MangoMinPoolSize = 20
"""


def program(name: str) -> str:
    """Where Debian puts it; an error when it is missing."""
    found = shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found


@dataclass(frozen=True)
class Names:
    """A database in each store; the document's, where nothing else is said.

    The three belong together: a new SQL database counts its people from 1 again, and beside an
    older MongoDB or Redis they would find what other people of the same uid have left there.
    """

    sql: str = "chat_demo"
    redis: int = 1
    mongo: str = "gin-IM"


DOCUMENTS = Names()


@dataclass(frozen=True)
class Engines:
    """Three running stores."""

    folder: Path
    sql_port: int
    sql_pid: int
    redis_port: int
    redis_pid: int
    mongo_port: int
    mongo_pid: int

    def config(self, http: int, names: Names) -> str:
        """A `config.ini` in the document's form."""
        return DOCUMENT.format(
            http=http,
            sql=self.sql_port,
            redis=self.redis_port,
            mongo=self.mongo_port,
            names=names,
        )

    def server(self, name: str, names: Names = DOCUMENTS, *, limits: bool = False) -> Server:
        """A server on these stores, with a folder of its own; not started yet."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        file = folder / "config.ini"
        server = Server(
            folder / "data",
            arguments=["--config", str(file)],
            environ={"TORNADO_IM_SERVICE_SECRETKEY": KEY},
            cwd=folder,
            settings={} if limits else None,
        )
        file.write_text(self.config(server.port, names), encoding="utf-8")
        return server

    def settings(self, names: Names) -> dict[str, object]:
        """The same, as settings by environment, and by the other of the two mechanisms."""
        return {
            "mysql_mysqlhost": "127.0.0.1",
            "mysql_mysqlport": self.sql_port,
            "mysql_mysqluser": SQL_USER,
            "mysql_mysqlpassword": SQL_PASSWORD,
            "mysql_mysqlname": names.sql,
            "redis_redisaddr": f"127.0.0.1:{self.redis_port}",
            "redis_redisdbname": names.redis,
            "mongo_mangohosts": f"127.0.0.1:{self.mongo_port}",
            "mongo_mangoauthmechanism": "SCRAM-SHA-256",
            "mongo_mangouser": MONGO_USER,
            "mongo_mangopassword": MONGO_PASSWORD,
            "mongo_mangodbname": names.mongo,
        }

    def sql(self, *statements: str, database: str | None = None) -> list[tuple[object, ...]]:
        """The rows of the last statement."""
        with pymysql.connect(
            host="127.0.0.1",
            port=self.sql_port,
            user=SQL_USER,
            password=SQL_PASSWORD,
            database=database,
            charset="utf8mb4",
        ) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())


@contextmanager
def engines(folder: Path) -> Iterator[Engines]:
    with ExitStack() as stack:
        sql_port, redis_port, mongo_port = free_port(), free_port(), free_port()
        redis = stack.enter_context(_redis(folder / "redis", redis_port))
        mongo = stack.enter_context(_mongo(folder / "mongo", mongo_port))
        sql = stack.enter_context(_mariadb(folder / "mariadb", sql_port))
        yield Engines(folder, sql_port, sql, redis_port, redis, mongo_port, mongo)


@contextmanager
def _mariadb(folder: Path, port: int) -> Iterator[int]:
    folder.mkdir()
    data, first = folder / "data", folder / "first.sql"
    first.write_text(f"ALTER USER root@localhost IDENTIFIED BY '{SQL_PASSWORD}';\n")
    subprocess.run(
        [
            program("mariadb-install-db"),
            "--no-defaults",
            "--user=root",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        check=True,
        capture_output=True,
    )
    command = [
        program("mariadbd"),
        "--no-defaults",
        "--user=root",
        f"--datadir={data}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
        f"--init-file={first}",
    ]

    def answers() -> bool:
        try:
            pymysql.connect(
                host="127.0.0.1", port=port, user=SQL_USER, password=SQL_PASSWORD
            ).close()
        except pymysql.err.MySQLError:
            return False
        return True

    with _running(command, folder, answers) as pid:
        yield pid


@contextmanager
def _redis(folder: Path, port: int) -> Iterator[int]:
    folder.mkdir()
    command = [
        program("redis-server"),
        *("--port", str(port)),
        *("--bind", "127.0.0.1"),
        *("--dir", str(folder)),
        *("--requirepass", ""),
        *("--appendonly", "yes"),
    ]

    def answers() -> bool:
        with Redis(port=port) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False

    with _running(command, folder, answers) as pid:
        yield pid


@contextmanager
def _mongo(folder: Path, port: int) -> Iterator[int]:
    """One member of a replica set, as far as a client can tell, with an account for each way."""
    folder.mkdir()
    config = folder / "secantus.toml"
    config.touch()
    command = [
        *(sys.executable, "-I", "-m", "secantus"),
        *("--config", str(config)),
        *("--host", "127.0.0.1"),
        *("--port", str(port)),
        *("--storage-path", str(folder / "data")),
        *("--log-level", "WARNING"),
        "--sync-on-commit",
    ]

    def answers() -> bool:
        try:
            with MongoClient[dict[str, object]]("127.0.0.1", port, timeoutMS=1000) as client:
                client.admin.command("hello")
        except PyMongoError:
            return False
        return True

    with _running(command, folder, answers):
        with MongoClient[dict[str, object]]("127.0.0.1", port) as client:
            client.admin.command(
                "createUser",
                MONGO_USER,
                pwd=MONGO_PASSWORD,
                roles=["root"],
                mechanisms=["SCRAM-SHA-1", "SCRAM-SHA-256"],
            )
    with _running([*command, "--auth"], folder, answers) as pid:
        yield pid


@contextmanager
def _running(command: list[str], folder: Path, answers: Callable[[], bool]) -> Iterator[int]:
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command[0]}: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(STEP_SECONDS)
        yield process.pid
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            # SecantusDB heeds a TERM when somebody connects.
            while process.poll() is None:
                answers()
                process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
