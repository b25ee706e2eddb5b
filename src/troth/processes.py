"""Several processes of one command, kept running until this one is told to stop."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Final

import structlog

log = structlog.get_logger()

RESTART_PAUSE_SECONDS: Final = 1.0
STOP_SECONDS: Final = 15.0


class Family:
    """Child processes that share one file descriptor and end when their parent ends, however it ends.

    Each child is handed the read end of a pipe as `--lifeline`: it never hears anything but the end of it.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], shared: int, size: int) -> None:
        self._command = command
        self._environment = environment
        self._shared = shared
        self._size = size
        self._stop = threading.Event()

    def run(self) -> None:
        """Keep the children running until SIGINT or SIGTERM, then stop them."""
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, self._told)
        lifeline, held = os.pipe()
        children = [self._start(lifeline) for _ in range(self._size)]
        while not self._stop.wait(RESTART_PAUSE_SECONDS):
            for place, child in enumerate(children):
                if (code := child.poll()) is not None:
                    log.warning("process.ended", pid=child.pid, code=code)
                    children[place] = self._start(lifeline)
        os.close(held)
        for child in children:
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        os.close(lifeline)

    def _told(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _start(self, lifeline: int) -> subprocess.Popen[bytes]:
        # A session of its own keeps the terminal's Ctrl-C away: it is this process that stops its children.
        return subprocess.Popen(
            [*self._command, "--lifeline", str(lifeline)],
            env=dict(self._environment),
            pass_fds=(self._shared, lifeline),
            start_new_session=True,
        )
