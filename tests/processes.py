"""Real `troth` processes for tests that start, kill and stop them, and the folders that they work in."""

import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.polling import until

READY_SECONDS = 120.0
STOP_SECONDS = 60.0
BELOW_EPHEMERAL = (20_000, 32_000)


def environment(**given: str) -> dict[str, str]:
    """Return our environment with no other `TROTH_*` variables than those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TROTH_")}
    return kept | {f"TROTH_{name.upper()}": value for name, value in given.items()}


def troth(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; settings are given as `TROTH_*` variables."""
    return subprocess.run(
        [sys.executable, "-m", "troth", *words],
        env=environment(**settings), capture_output=True, text=True, check=False, timeout=READY_SECONDS,
    )  # fmt: skip


def free_port() -> int:
    """Return a port that nobody listens on; outgoing connections never get one of these."""
    while True:
        port = random.randint(*BELOW_EPHEMERAL)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


class TrothProcess:
    """A `troth` command that runs until it is stopped or killed; leaving the context kills it.

    Whatever it says goes to a file of its own, whose text is `log`.
    """

    def __init__(self, *words: str, **settings: str) -> None:
        self._output = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "troth", *words],
            env=environment(**settings), stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        length = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), length, 0).decode()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut would, together with nothing else."""
        self._process.kill()
        self._process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return the status with which it ended."""
        self._process.send_signal(number)
        return self._process.wait(STOP_SECONDS)

    def end(self) -> int:
        """Return the status with which it ends by itself."""
        return self._process.wait(STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            self.kill()
        self._output.close()


class Server(TrothProcess):
    """A `troth serve` on a free port."""

    def __init__(self, *flags: str, port: int | None = None, **settings: str) -> None:
        self.port = port or free_port()
        super().__init__("serve", "--port", str(self.port), *flags, **settings)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def until_ready(self) -> Self:
        """Return once it serves and its database answers."""
        until(self._is_ready, within_seconds=READY_SECONDS)
        return self

    def _is_ready(self) -> bool:
        assert self.is_running, self.log
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def data_folder() -> Iterator[Path]:
    """Yield a data folder that every account can reach; removed once no server runs on it."""
    outer = Path(tempfile.mkdtemp(prefix="troth-test-"))
    outer.chmod(0o755)
    folder = outer / "data"
    try:
        yield folder
        until(lambda: not is_served(folder), within_seconds=STOP_SECONDS)
    finally:
        if is_served(folder):
            os.kill(postmaster(folder), signal.SIGQUIT)
            until(lambda: not is_served(folder), within_seconds=STOP_SECONDS)
        shutil.rmtree(outer)


def postmaster(folder: Path) -> int:
    """Return the process id of the first process of a data folder's server."""
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def is_served(folder: Path) -> bool:
    """Tell whether any process of a server holds the data folder."""
    try:
        with (folder / "server.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def children(pid: int) -> list[int]:
    """Return the process ids of the living children of a process, oldest first."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(entry.name))
    return sorted(found)


def command_of(pid: int) -> str:
    """Return a process's command line, empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
