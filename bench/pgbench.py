"""pgbench as the measure of what the database itself can do over the same socket."""

import re
import subprocess
from pathlib import Path

from bench.stack import Stack
from troth.db.embedded_binaries import INSTALLATION, site_folder

RAW = Path(__file__).parent / "raw"


def transactions(
    stack: Stack, script: str, variables: dict[str, object], *, clients: int, seconds: int
) -> tuple[float, float]:
    """Return transactions a second and the mean latency in milliseconds of one script, prepared, at some clients."""
    program = site_folder() / INSTALLATION / "bin" / "pgbench"
    command = [str(program), "-n", "-M", "prepared", "-f", str(RAW / f"{script}.sql"), "-c", str(clients), "-j", "1"]
    command += ["-T", str(seconds), "-h", stack.socket_folder, "-U", "troth"]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    done = subprocess.run([*command, "troth"], capture_output=True, text=True, check=False)
    rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    latency = re.search(r"^latency average = ([0-9.]+) ms", done.stdout, re.MULTILINE)
    if done.returncode or not rate or not latency:
        raise RuntimeError(f"pgbench failed: {done.stderr.strip()[-2000:]}")
    return float(rate[1]), float(latency[1])
