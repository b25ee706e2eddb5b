"""PostgreSQL of our own: made, started, watched and stopped by Troth, in one data folder (decision 0002).

The data folder holds `data` (the database cluster), `run` (its socket), `log` (a week of server logs), `start.log`
(what the server said before it had a log), `lock` (held by the Troth that uses the folder) and `server.lock` (held by
every process of the server). The server listens on a Unix socket only, in a folder only its account and root can enter.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import structlog

from troth.db.embedded_account import (
    LOCK_NAME,
    Account,
    EmbeddedPostgresError,
    as_account,
    prepare_folder,
    server_account,
)
from troth.db.embedded_binaries import MAJOR_VERSION, runnable_programs

DEFAULTS: Mapping[str, str] = {
    # Enough for the hot tables of a small installation; PostgreSQL's own default is half of it.
    "shared_buffers": "256MB",
    # Above what the pools of a few processes hold.
    "max_connections": "100",
    # An answered commit is on disk: said here so that no file in the folder can say otherwise.
    "fsync": "on",
    "synchronous_commit": "on",
    # Rare checkpoints: after each, the first change of a page writes the whole page to the log.
    "checkpoint_timeout": "15min",
    "max_wal_size": "4GB",
    # Short statements: compiling one costs more than running it.
    "jit": "off",
    # Solid-state disks: a page out of order costs about as much as the next one.
    "random_page_cost": "1.1",
    # No instant is shown in local time, whatever the machine is set to.
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A client that hangs inside a transaction holds locks and holds vacuum back.
    "idle_in_transaction_session_timeout": "60s",
}
"""The server settings Troth starts with, by PostgreSQL's names."""

ROLE = DATABASE = "troth"
CREATE_DATABASE = (
    "SELECT 'CREATE DATABASE troth' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'troth') \\gexec\n"
)
PORT = 5432  # only names the socket: there is no TCP
START_SECONDS = 600  # recovery after a crash replays up to max_wal_size
STOP_STAGES = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
RESTART_DELAYS_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 1.0  # a server that was ready for this long starts again with the first delay
SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107

# The server outlives no Troth, not even a killed one: a process beside it reads our end of a pipe, and when that closes
# without a word it stops the server. PR_SET_PDEATHSIG would tie the server to the thread that started it.
LIFELINE = 'exec 3<&0 </dev/null; ( { read -r _ <&3 || kill -INT $$; } 2>/dev/null & ); exec 3<&-; exec "$@"'

log = structlog.get_logger()


class DataFolderInUse(EmbeddedPostgresError):  # noqa: N818 - reads as what it is
    """Another Troth runs on this data folder."""


class Postmaster(NamedTuple):
    """The server's first process, as the server itself notes it in its data."""

    pid: int
    ready: bool
    sockets: Path | None = None


def noted_postmaster(data: Path) -> Postmaster | None:
    """Return what the note in the cluster says, or None if there is none yet; it may be stale."""
    # The server makes the file first and fills it later. Pid is its first line, socket folder its fifth, state its
    # eighth.
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        ready = lines[7:] != [] and lines[7].strip() == "ready"
        return Postmaster(int(lines[0]), ready, Path(lines[4]) if ready else None)
    return None


def running_url(folder: Path) -> str:
    """Return the URL of the database that another Troth runs in a data folder.

    Raises `EmbeddedPostgresError` while that one is still starting, or has stopped.
    """
    noted = noted_postmaster(folder.absolute() / "data")
    if noted is None or noted.sockets is None:
        raise EmbeddedPostgresError(f"The Troth that runs on {folder} has no database yet; try again in a moment")
    return _url(noted.sockets)


def _url(sockets: Path) -> str:
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets))}&port={PORT}"


class EmbeddedPostgres:
    """One PostgreSQL server on one data folder, for as long as this object runs it."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] = DEFAULTS) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self._settings = settings
        self._account: Account | None = None
        self._programs = Path()
        self._sockets = self.folder / "run"
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._supervisor: threading.Thread | None = None
        self._stopping = threading.Event()
        self._starting = threading.Lock()  # no server is started behind the back of stop()

    def start(self) -> str:
        """Start the server, making cluster and database where they are missing, and return the database's URL.

        From then on a server that dies is started again, until `stop()`. Blocks until connections are accepted: about
        a second at first, less later, longer only while a crash is recovered from. Raises `DataFolderInUse` if another
        Troth runs on the folder, `EmbeddedPostgresError` for anything else in the way.
        """
        self._account = server_account(self.data)
        prepare_folder(self.folder, self._account)
        self._lock = self._hold_folder()
        try:
            self._stopping.clear()
            self._programs = runnable_programs(self.folder, self._account)
            self._make_cluster()
            self._sockets = self._socket_folder()
            self._launch()
            self._make_database()
        except OSError as error:
            self.stop()
            raise EmbeddedPostgresError(f"Cannot run PostgreSQL in {self.folder}: {error}") from error
        except BaseException:
            self.stop()
            raise
        self._supervisor = threading.Thread(target=self._supervise, name="embedded-postgres", daemon=True)
        self._supervisor.start()
        return _url(self._sockets)

    def stop(self) -> None:
        """Stop the server: fast (sessions are ended, everything is written), then harder. Stopped already is fine."""
        self._stopping.set()
        with self._starting:
            process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._supervisor is not None:
            self._supervisor.join()
            self._supervisor = None
        if self._sockets != self.folder / "run":
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = self.folder / "run"
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _hold_folder(self) -> int:
        path = self.folder / LOCK_NAME
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise EmbeddedPostgresError(f"Cannot use {self.folder} as data folder: {error}") from error
        if not _locked(lock):
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise DataFolderInUse(
                f"Another Troth (process {holder}) runs on the data folder {self.folder}: stop it, or choose another "
                "folder with --data DIR or TROTH_DATA_DIR"
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return lock

    def _make_cluster(self) -> None:
        version = self.data / "PG_VERSION"
        if self.data.exists():
            found = version.read_text().strip() if version.exists() else "unknown"
            if found != MAJOR_VERSION:
                raise EmbeddedPostgresError(
                    f"{self.data} was made by PostgreSQL {found}, this Troth runs PostgreSQL {MAJOR_VERSION}: "
                    "dump it with the version that made it and restore it into a new folder"
                )
            return
        draft = self.folder / "data.new"  # becomes `data` when complete, so a start cut short leaves nothing half-made
        lock = self._hold_server()
        try:
            shutil.rmtree(draft, ignore_errors=True)
            self._make_private(draft)
            options = f"--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 --username={ROLE}"
            # The socket folder is private, so whoever reaches the socket is let in; nobody else is, by any way.
            options += " --auth-local=trust --auth-host=reject --no-instructions"
            self._run("initdb", *options.split(), f"--pgdata={draft}", account=self._account, keep=(lock,))
            draft.rename(self.data)
        finally:
            os.close(lock)

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._account is not None:
            os.chown(folder, self._account.uid, self._account.gid)

    def _socket_folder(self) -> Path:
        """Return our `run`, or a private temporary folder where the system or PostgreSQL could not read its path."""
        folder = self.folder / "run"
        path = f"{folder}/.s.PGSQL.{PORT}"
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES or not re.fullmatch(r"[\w/.+-]+", path, re.ASCII):
            folder = Path(tempfile.mkdtemp(prefix="troth-"))
        self._make_private(folder)
        return folder

    def _launch(self) -> None:
        """Start the server and wait until it accepts connections."""
        self._make_private(self.folder / "log")
        lock = self._hold_server()
        try:
            # Nothing of an earlier server lives, so its note is stale; by now its pid may be another process's.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            with self._starting, (self.folder / "start.log").open("wb") as output:
                if self._stopping.is_set():
                    return
                process = self._process = subprocess.Popen(
                    ["/bin/sh", "-c", LIFELINE, "postgres", *self._server_command()],
                    bufsize=0, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd="/", env=_environment(),
                    pass_fds=(lock,), start_new_session=True, **as_account(self._account),
                )  # fmt: skip
        finally:
            os.close(lock)
        _until(lambda: process.poll() is not None or self._is_ready(process.pid), START_SECONDS)
        if not self._stopping.is_set() and not self._is_ready(process.pid):
            _end(process)
            raise EmbeddedPostgresError(
                f"PostgreSQL did not start in {self.folder}. Its last words:\n{self._last_words()}"
            )

    def _is_ready(self, pid: int) -> bool:
        noted = noted_postmaster(self.data)
        return noted is not None and noted.pid == pid and noted.ready

    def _server_command(self) -> list[str]:
        settings = {
            **self._settings,
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            # One file per weekday, begun anew a week later.
            "logging_collector": "on",
            "log_directory": str(self.folder / "log"),
            "log_filename": "postgresql-%a.log",
            "log_rotation_age": "1d",
            "log_rotation_size": "0",
            "log_truncate_on_rotation": "on",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self.data), *options]

    def _make_database(self) -> None:
        connection = ("--host", str(self._sockets), "--port", str(PORT), "--username", ROLE, "--dbname", "postgres")
        self._run("psql", *connection, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", words=CREATE_DATABASE)

    def _run(
        self, program: str, *options: str, account: Account | None = None, keep: tuple[int, ...] = (), words: str = ""
    ) -> None:
        done = subprocess.run(
            [str(self._programs / program), *options],
            input=words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd="/",
            env=_environment(), pass_fds=keep, **as_account(account),
        )  # fmt: skip
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"{program} failed in {self.folder}:\n{done.stdout.strip()}")

    def _supervise(self) -> None:
        """Start the server again whenever it ends without `stop()`."""
        failures = 0
        while process := self._process:
            begun = time.monotonic()
            status = process.wait()
            _release(process)
            if self._stopping.is_set():
                return
            log.error("embedded_postgres_died", status=status, folder=str(self.folder))
            if time.monotonic() - begun > STEADY_SECONDS:
                failures = 0
            while not self._restarted(failures):
                failures += 1
            failures += 1

    def _restarted(self, failures: int) -> bool:
        """Wait as long as that many failures ask for, then try to start; tell whether there is nothing more to do."""
        if self._stopping.wait(RESTART_DELAYS_SECONDS[min(failures, len(RESTART_DELAYS_SECONDS) - 1)]):
            return True
        try:
            self._launch()
        except (EmbeddedPostgresError, OSError) as error:
            log.error("embedded_postgres_restart_failed", failures=failures + 1, reason=str(error))  # noqa: TRY400
            return False
        log.info("embedded_postgres_restarted", folder=str(self.folder))
        return True

    def _hold_server(self) -> int:
        """Return the lock that every process of a server holds, taken when none is left; end those that linger."""
        handle = os.open(self.folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        lock = fcntl.fcntl(handle, fcntl.F_DUPFD_CLOEXEC, 10)  # the lifeline uses descriptor 3
        os.close(handle)
        if _until(lambda: _locked(lock), 0.5):
            return lock
        for number, patience_seconds in STOP_STAGES:
            lingering = self._processes()
            if number is signal.SIGINT:  # to a postmaster this says "fast shutdown", to others something else
                postmaster = noted_postmaster(self.data)
                lingering = [pid for pid in lingering if postmaster and pid == postmaster.pid]
                if not lingering:
                    continue
            log.warning("embedded_postgres_leftover", pids=lingering, signal=number.name, folder=str(self.folder))
            for pid in lingering:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if _until(lambda: _locked(lock), patience_seconds):
                return lock
        os.close(lock)
        raise EmbeddedPostgresError(
            f"An earlier server on {self.folder} does not end; its processes: {self._processes()}"
        )

    def _processes(self) -> list[int]:
        """Return a server's processes on our data, known by their working folder (none where there is no /proc)."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == self.data.resolve():
                    found.append(int(entry.name))
        return found

    def _last_words(self, lines_count: int = 12) -> str:
        """Return the end of what the server wrote since its last start."""
        first = self.folder / "start.log"
        logs = [path for path in (self.folder / "log").glob("*.log") if path.stat().st_mtime >= first.stat().st_mtime]
        lines = [line for path in (first, *logs) for line in path.read_text(errors="replace").splitlines()]
        return "\n".join(lines[-lines_count:])


def _environment() -> dict[str, str]:
    """Return what the programs may know of our environment: not PGOPTIONS, PGPORT or whatever else changes them."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, patience_seconds in STOP_STAGES:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)
            break
        log.warning("embedded_postgres_slow_stop", signal=number.name, pid=process.pid)
    _release(process)


def _release(process: subprocess.Popen[bytes]) -> None:
    """Let the lifeline of an ended server go without a signal to whoever has its pid by now."""
    lifeline = process.stdin
    if lifeline is not None:
        with contextlib.suppress(OSError, ValueError):  # already gone, or already closed
            lifeline.write(b"\n")
            lifeline.close()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _until(condition: Callable[[], bool], within_seconds: float) -> bool:
    """Wait for the condition; tell whether it came true in time. The only place that waits by the clock."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
