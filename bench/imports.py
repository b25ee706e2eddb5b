"""Customers from CSV, against a bare COPY of the same rows into the same tables."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import asyncpg
import uvloop

from bench.enrolment import Row
from bench.stack import Stack
from troth.actions import customer_imports
from troth.assemble import engine_at
from troth.settings import Settings

TABLES = ("customers", "customer_source_ids")
EMPTY = "TRUNCATE customers, customer_source_ids, customer_orders"
PIECE_BYTES = 256 * 1024


def speed(stack: Stack, runs: int, sizes: Sequence[int]) -> tuple[str, list[Row]]:
    """Measure imports of new customers in a process of their own; each is followed by the COPY of what it made."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="troth-bench-") as folder:
        for size in sizes:
            file = Path(folder) / "customers.csv"
            file.write_text("".join(lines(size)))
            figures = [(*imported(stack, file), copied(stack, Path(folder))) for _ in range(runs)]
            ratio = median(copy / seconds for seconds, _, copy in figures)
            rows += [
                (f"CSV import of {size:,} rows", f"{size / median(one[0] for one in figures):.0f}/s", ""),
                ("… of a bare COPY", f"{ratio:.1%}", "at least 15 %"),
                ("… the process grows by", f"{max(one[1] for one in figures):.0f} MB", "less than 100 MB"),
            ]
    return "Customers from CSV", rows


def lines(size: int) -> Iterator[str]:
    """Yield the lines of a file of customers."""
    yield "source_id,name,email,phone,birthday,city,country,vip\n"
    for n in range(size):
        day = f"19{n % 90 + 10}-0{n % 9 + 1}-1{n % 9}"
        yield f"crm/{n:08d},Customer {n},customer{n}@example.com,+48{n:09d},{day},Town {n % 1000},PL,{n % 3}\n"


def imported(stack: Stack, file: Path) -> tuple[float, float]:
    """Import a file into empty tables; return the seconds, and the megabytes that the process grew by."""
    stack.sql(EMPTY)
    stack.sql("CHECKPOINT")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_import, stack.database_url, stack.project_id, file).result()


def copied(stack: Stack, folder: Path) -> float:
    """Empty the tables and copy into them what they held, in one transaction; return the seconds."""

    async def run() -> float:
        connection = await asyncpg.connect(stack.database_url)
        for table in TABLES:
            await connection.copy_from_table(table, output=folder / table, timeout=600)
        await connection.execute(EMPTY)
        await connection.execute("CHECKPOINT")
        started = time.perf_counter()
        async with connection.transaction():
            for table in TABLES:
                await connection.copy_to_table(table, source=folder / table, timeout=600)
        seconds = time.perf_counter() - started
        await connection.close()
        return seconds

    return asyncio.run(run())


def _import(database_url: str, project_id: str, file: Path) -> tuple[float, float]:
    async def pieces() -> AsyncIterator[bytes]:
        with file.open("rb") as content:
            while piece := content.read(PIECE_BYTES):
                yield piece

    async def run() -> tuple[float, float]:
        async with engine_at(database_url, Settings()) as engine:
            before, started = _megabytes("VmRSS"), time.perf_counter()
            action_id = await customer_imports.import_file(engine, project_id, pieces(), "v-bench")
            importer = customer_imports.Importer()
            while (await importer.work_off(engine, action_id)).more:
                pass
            return time.perf_counter() - started, _megabytes("VmHWM") - before

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def _megabytes(figure: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(figure)) / 1024
