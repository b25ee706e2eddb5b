"""Measure Troth against what its database can do: `make bench`.

Every figure is the median of `--runs` interleaved runs, raw and HTTP in turn, on one PostgreSQL over one socket; what
is compared is compared within one run. The load generator runs on the same machine and takes its share of it.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench import (
    batches,
    earning,
    enrolment,
    examine,
    imports,
    lists,
    orders,
    payments,
    points,
    rewards,
    segments,
    tiers,
)
from bench.stack import Stack, running


def main() -> None:
    """Run the measurements and print them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement")
    parser.add_argument("--workers", type=int, default=1, help="processes that serve")
    parser.add_argument("--members", type=int, default=1_000_000, help="size of the large installation")
    parser.add_argument("--cards", type=int, default=200_000, help="cards of a night, with five buckets each")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of CSV files")
    options = parser.parse_args()
    print(f"Machine: {machine()}; processes that serve: {options.workers}\n")
    with running(workers=options.workers) as stack:
        print_table(*enrolment.speed(stack, options.runs, options.seconds))
        print_table(*batches.speed(stack, options.runs, options.seconds))
        print_table(*orders.speed(stack, options.runs, options.seconds))
        print_table(*enrolment.growth(stack, options.runs, options.seconds, options.members))
        print_table(*lists.depth(stack))
        print_table(*segments.speed(stack, options.runs, options.seconds))
        print_table(*examine.speed(stack, options.runs))
    with running(workers=options.workers) as stack:
        print_table(*points.speed(stack, options.runs, options.seconds))
        print_table(*payments.speed(stack, options.runs, options.seconds))
        print_table(*points.night(stack, options.cards))
    with running(workers=options.workers) as stack:
        print_table(*earning.speed(stack, options.runs, options.seconds))
        print_table(*tiers.night(stack, options.cards))
        print_table(*tiers.reading(stack, options.cards, options.runs, options.seconds))
    with running("--no-worker", workers=options.workers) as stack:
        print_table(*rewards.speed(stack, options.runs, options.seconds))
    with running("--no-worker") as stack:
        print_table(*imports.speed(stack, options.runs, options.rows))
    print_table(*footprint())


def machine() -> str:
    """Name the machine: processor, cores, memory, system, Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB"
    return f"{cores}, {platform.platform()}, Python {platform.python_version()}"


def footprint() -> tuple[str, list[tuple[str, str, str]]]:
    """Measure a process at rest: memory of a fresh server, time of `troth --help`."""
    with running() as stack:
        memory = resident_megabytes(stack)
    command = [sys.executable, "-m", "troth", "--help"]
    helping = timed(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))
    return "A process at rest", [
        ("fresh API process, resident", f"{memory:.0f} MB", "below 150 MB"),
        ("`troth --help`", f"{helping:.2f} s", "below 0.5 s"),
    ]


def resident_megabytes(stack: Stack) -> float:
    """Return the resident memory of the serving process."""
    lines = Path(f"/proc/{stack.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def timed(work: Callable[[], object]) -> float:
    """Return the median of five durations in seconds."""
    durations = []
    for _ in range(5):
        started = time.perf_counter()
        work()
        durations.append(time.perf_counter() - started)
    return median(durations)


def print_table(title: str, rows: list[tuple[str, str, str]]) -> None:
    """Print a title and its figures, each with its goal."""
    print(f"### {title}\n\n| | measured | goal |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(flush=True)


if __name__ == "__main__":
    main()
