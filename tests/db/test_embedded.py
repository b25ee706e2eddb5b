"""The embedded server: what it keeps, whom it refuses, and what it survives."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.polling import until

from troth.db.embedded import DEFAULTS, DataFolderInUse, EmbeddedPostgres, Postmaster, noted_postmaster
from troth.db.embedded_account import (
    EmbeddedPostgresError,
    as_account,
    blocking_folder,
    default_data_folder,
    prepare_folder,
    server_account,
)
from troth.db.embedded_binaries import INSTALLATION, copy_installation, site_folder

SMALL = {**DEFAULTS, "shared_buffers": "16MB"}
UNKNOWN_ID = 54321  # of no user and no group


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A folder open to every account: pytest's own are closed to the server's account when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="troth-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def folder(base: Path) -> Path:
    """One data folder for the whole module; each test leaves it without a server."""
    return base / "module"


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(folder, settings=SMALL)
    yield embedded
    embedded.stop()


def ask(url: str, *statements: str) -> Any:
    """Return the single value of the last statement."""

    async def asked() -> Any:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(asked())


def answers(url: str) -> bool:
    try:
        return bool(ask(url, "SELECT true"))
    except (OSError, asyncpg.PostgresError):
        return False


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def server_log(folder: Path) -> str:
    return "".join(path.read_text() for path in (folder / "log").glob("*.log"))


def alive(pid: int) -> bool:
    """Tell whether the process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_data_outlives_the_server(server: EmbeddedPostgres, folder: Path) -> None:
    url = server.start()
    ask(url, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('troth')")
    first = postmaster(folder)
    server.stop()
    server.stop()
    assert not alive(first)
    assert not answers(url)
    assert server.start() == url
    assert ask(url, "SELECT word FROM kept") == "troth"
    assert "database system was not properly shut down" not in server_log(folder)


def test_the_server_is_what_troth_needs_and_closed_to_others(server: EmbeddedPostgres, folder: Path) -> None:
    url = server.start()
    expected = {
        **SMALL,
        "server_encoding": "UTF8",
        "listen_addresses": "",
        "data_checksums": "on",
        "lc_messages": "C",
        "full_page_writes": "on",
    }
    shown = {name: ask(url, f"SHOW {name}") for name in expected}
    assert shown == {**expected, "idle_in_transaction_session_timeout": "1min"}
    assert ask(url, "SELECT datcollate FROM pg_database WHERE datname = 'troth'") == "C"
    assert ask(url, "SELECT datlocale FROM pg_database WHERE datname = 'troth'") == "C.UTF-8"
    assert ask(url, "SELECT upper('ä')") == "Ä"
    sockets = Path(ask(url, "SHOW unix_socket_directories"))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((sockets / ".s.PGSQL.5432").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
    assert Path(f"/proc/{postmaster(folder)}").stat().st_uid != 0


def test_a_second_troth_on_the_folder_is_refused_with_words(server: EmbeddedPostgres, folder: Path) -> None:
    url = server.start()
    second = EmbeddedPostgres(folder, settings=SMALL)
    with pytest.raises(DataFolderInUse) as refused:
        second.start()
    assert str(folder) in str(refused.value)
    assert f"process {os.getpid()}" in str(refused.value)
    second.stop()
    assert answers(url)


def test_a_killed_server_comes_back_with_all_that_was_committed(server: EmbeddedPostgres, folder: Path) -> None:
    url = server.start()
    ask(url, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('troth')")
    for _ in range(2):
        killed = postmaster(folder)

        async def die_at_work(killed: int = killed) -> None:
            # Busy backends do not notice by themselves that their server is gone, and hold the data.
            backends = [await asyncpg.connect(url) for _ in range(3)]
            work = [asyncio.ensure_future(backend.execute("SELECT pg_sleep(60)")) for backend in backends[1:]]
            work.append(asyncio.ensure_future(backends[0].execute("DO 'BEGIN LOOP END LOOP; END'")))
            await asyncio.wait(work, timeout=0.2)
            os.kill(killed, signal.SIGKILL)
            ends = await asyncio.wait_for(asyncio.gather(*work, return_exceptions=True), timeout=15)
            assert all(isinstance(end, Exception) for end in ends)

        asyncio.run(die_at_work())
        until(lambda: answers(url), within_seconds=60)
        assert postmaster(folder) != killed
    assert ask(url, "SELECT word FROM kept") == "troth"


def test_a_killed_backend_does_not_end_the_server(server: EmbeddedPostgres, folder: Path) -> None:
    url = server.start()
    before = postmaster(folder)

    async def kill_backend() -> None:
        connection = await asyncpg.connect(url)
        os.kill(await connection.fetchval("SELECT pg_backend_pid()"), signal.SIGKILL)
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await connection.execute("SELECT pg_sleep(60)")

    asyncio.run(kill_backend())
    until(lambda: answers(url), within_seconds=60)
    assert postmaster(folder) == before


CHILD = """
import sys
from pathlib import Path
from troth.db.embedded import DEFAULTS, EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1]), settings={**DEFAULTS, "shared_buffers": "16MB"}).start(), flush=True)
sys.stdin.read()
"""


def killed_troth(folder: Path, *, lifeline_too: bool) -> int:
    """Run another Troth on the folder, kill it without warning, and return the pid of the server it leaves."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        url = next(line for line in child.stdout if line.startswith("postgresql://")).strip()
        assert answers(url)
        left = postmaster(folder)
        if lifeline_too:
            for pid in processes_of_session(left) - {left}:
                os.kill(pid, signal.SIGKILL)
        child.kill()
    return left


def processes_of_session(session: int) -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.add(int(entry.name))
    return found


def test_the_server_of_a_killed_troth_stops_by_itself(folder: Path) -> None:
    left = killed_troth(folder, lifeline_too=False)
    until(lambda: not alive(left), within_seconds=60)
    assert not (folder / "data" / "postmaster.pid").exists()


def test_an_orphaned_server_is_replaced(server: EmbeddedPostgres, folder: Path) -> None:
    left = killed_troth(folder, lifeline_too=True)
    assert alive(left)
    url = server.start()
    assert answers(url)
    assert not alive(left)
    assert postmaster(folder) != left
    assert not (processes_of_session(left) - {left})


def test_a_stale_note_naming_a_living_process_is_no_obstacle(server: EmbeddedPostgres, folder: Path) -> None:
    server.start()
    server.stop()
    account = server_account(folder / "data")
    with subprocess.Popen(["/bin/sh", "-c", "read -r _"], stdin=subprocess.PIPE, **as_account(account)) as bystander:
        (folder / "data" / "postmaster.pid").write_text(
            f"{bystander.pid}\n{folder / 'data'}\n1\n5432\n\n\n0 0\nready\n"
        )
        assert answers(server.start())
        assert bystander.poll() is None
        bystander.kill()


NOTES = [
    (None, None),
    ("", None),
    ("41", Postmaster(41, ready=False)),
    ("41\n/data\n1\n5432\n/run\n\n1 2\n", Postmaster(41, ready=False)),
    ("41\n/data\n1\n5432\n/run\n\n1 2\nstarting\n", Postmaster(41, ready=False)),
    ("41\n/data\n1\n5432\n/run\n\n1 2\nready   \n", Postmaster(41, ready=True, sockets=Path("/run"))),
]


@pytest.mark.parametrize(("note", "expected"), NOTES)
def test_a_note_is_read_at_every_moment_of_its_making(tmp_path: Path, note: str | None, expected: object) -> None:
    if note is not None:
        (tmp_path / "postmaster.pid").write_text(note)
    assert noted_postmaster(tmp_path) == expected


def test_a_start_cut_short_leaves_nothing_half_made(base: Path) -> None:
    folder = base / "cut-short"
    draft = folder / "data.new"
    (draft / "base").mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    (folder / "lock").touch()
    embedded = EmbeddedPostgres(folder, settings=SMALL)
    try:
        assert answers(embedded.start())
        assert not draft.exists()
    finally:
        embedded.stop()


@pytest.mark.parametrize("name", ["x" * 120, "a folder, ünlike 100% of others"])
def test_a_path_no_socket_can_have_is_served_from_elsewhere(folder: Path, base: Path, name: str) -> None:
    deep = base / name
    folder.mkdir(exist_ok=True)
    folder.rename(deep)
    embedded = EmbeddedPostgres(deep, settings=SMALL)
    try:
        url = embedded.start()
        assert answers(url)
        sockets = Path(ask(url, "SHOW unix_socket_directories"))
        assert deep not in sockets.parents
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    finally:
        embedded.stop()
        deep.rename(folder)
    assert not sockets.exists()


def test_a_server_that_cannot_start_says_why_and_frees_the_folder(server: EmbeddedPostgres, folder: Path) -> None:
    broken = EmbeddedPostgres(folder, settings={**SMALL, "shared_buffers": "plenty"})
    with pytest.raises(EmbeddedPostgresError, match=r'invalid value for parameter "shared_buffers": "plenty"'):
        broken.start()
    assert answers(server.start())


@pytest.mark.parametrize(("written", "named"), [("16\n", "PostgreSQL 16"), (None, "PostgreSQL unknown")])
def test_data_of_another_version_is_refused(base: Path, written: str | None, named: str) -> None:
    folder = base / f"version-{written and written.strip()}"
    prepare_folder(folder, server_account(folder / "data"))
    (folder / "lock").touch()
    (folder / "data").mkdir()
    if written is not None:
        (folder / "data" / "PG_VERSION").write_text(written)
    if os.geteuid() == 0:
        os.chown(folder / "data", UNKNOWN_ID, UNKNOWN_ID)
        folder.chmod(0o711)
    with pytest.raises(EmbeddedPostgresError, match=named):
        EmbeddedPostgres(folder, settings=SMALL).start()


CLOSED = [
    # modes of outer and inner folder, owner's uid and gid asked for, which blocks
    (0o711, 0o711, UNKNOWN_ID, UNKNOWN_ID, None),
    (0o700, 0o711, UNKNOWN_ID, UNKNOWN_ID, "outer"),
    (0o711, 0o700, UNKNOWN_ID, UNKNOWN_ID, "inner"),
    (0o711, 0o744, UNKNOWN_ID, UNKNOWN_ID, "inner"),
    (0o700, 0o700, os.geteuid(), UNKNOWN_ID, None),
    (0o711, 0o677, os.geteuid(), UNKNOWN_ID, "inner"),
    (0o710, 0o710, UNKNOWN_ID, os.getegid(), None),
    (0o710, 0o701, UNKNOWN_ID, os.getegid(), "inner"),
]


@pytest.mark.parametrize(("outer", "inner", "uid", "gid", "blocks"), CLOSED)
def test_the_folder_in_the_way_is_named(base: Path, outer: int, inner: int, uid: int, gid: int, blocks: str) -> None:
    top = Path(tempfile.mkdtemp(dir=base))
    folders = {"outer": top / "outer", "inner": top / "outer" / "inner"}
    folders["inner"].mkdir(parents=True)
    os.chown(folders["outer"], -1, os.getegid())
    top.chmod(0o755)
    folders["inner"].chmod(inner)
    folders["outer"].chmod(outer)
    assert blocking_folder(folders["inner"], uid, gid) == folders.get(blocks)


def test_a_folder_that_cannot_be_used_is_refused_with_words(base: Path) -> None:
    (base / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"file/data.*--data DIR or TROTH_DATA_DIR"):
        EmbeddedPostgres(base / "file" / "data").start()


def test_what_lies_above_the_data_folder_is_never_opened(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    embedded = EmbeddedPostgres(closed / "data", settings=SMALL)
    try:
        if os.geteuid() == 0:
            with pytest.raises(EmbeddedPostgresError, match=rf"may not enter {closed}\. .*--data DIR.*TROTH_DATA_DIR"):
                embedded.start()
            assert not (closed / "data" / "data").exists()
        else:
            assert answers(embedded.start())
    finally:
        embedded.stop()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_full_folder_given_by_mistake_is_not_opened(base: Path) -> None:
    full = base / "full"
    full.mkdir(mode=0o700)
    (full / "letter").touch()
    account = server_account(full / "data")
    if account is not None:
        with pytest.raises(EmbeddedPostgresError, match=rf"may not enter {full}\."):
            prepare_folder(full, account)
    else:
        prepare_folder(full, account)
    assert stat.S_IMODE(full.stat().st_mode) == 0o700


def test_a_copy_of_the_programs_runs_from_where_it_is(base: Path) -> None:
    copy = base / "copy"
    copy_installation(site_folder(), copy)
    for program in ("postgres", "initdb", "psql"):
        run = subprocess.run([copy / INSTALLATION / "bin" / program, "--version"], capture_output=True, check=True)
        assert b"PostgreSQL) 18" in run.stdout
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o755 for path in (copy, *copy.rglob("*")))
    assert not copy.with_name("copy.new").exists()


def test_the_default_folder_follows_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_data_folder() == Path("/data/troth")
    for unusable in ("", "relative"):
        monkeypatch.setenv("XDG_DATA_HOME", unusable)
        assert default_data_folder() == Path("/home/someone/.local/share/troth")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_folder() == Path("/var/lib/troth")
