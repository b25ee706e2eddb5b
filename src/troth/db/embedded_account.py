"""Who runs the embedded server, and which folders that account can reach.

PostgreSQL refuses to run as root. Started by root, Troth runs it as an unprivileged account; started by anybody else,
as that user. No folder above the data folder is ever changed: one that is closed is named, and opening it is the
owner's decision.
"""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import structlog

ACCOUNT_NAME = "troth"
LOCK_NAME = "lock"

log = structlog.get_logger()


class EmbeddedPostgresError(Exception):
    """The embedded server cannot start or run; the text says why and what to do."""


class Account(NamedTuple):
    """The account the server runs as when root starts it."""

    name: str
    uid: int
    gid: int


def default_data_folder() -> Path:
    """Return where data lies when nothing is configured: the system's place for root, the user's place otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/troth")
    shared = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification has relative paths ignored.
    return (Path(shared) if Path(shared).is_absolute() else Path.home() / ".local" / "share") / "troth"


def server_account(data: Path) -> Account | None:
    """Return the account to run the server as, or None for the one we run as.

    Existing `data` stays with its owner, whoever that is: a server under another account could not open it.
    """
    try:
        owner = data.stat().st_uid
    except OSError:  # not there, or behind a closed folder, which `prepare_folder` puts in words
        owner = None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise EmbeddedPostgresError(
                f"{data} belongs to another account (uid {owner}, we are {os.geteuid()}): start Troth as that account "
                "or as root, or choose another folder with --data DIR or TROTH_DATA_DIR"
            )
        return None
    if owner == 0:
        raise EmbeddedPostgresError(
            f"{data} belongs to root, as whom PostgreSQL refuses to run: chown -R it to {ACCOUNT_NAME}"
        )
    if owner is not None:
        return _account(owner) or Account(str(owner), owner, data.stat().st_gid)
    return _account(ACCOUNT_NAME) or _created_account() or _nobody()


def as_account(account: Account | None) -> dict[str, Any]:
    """Return the `subprocess` arguments that make a process run as `account`."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def can_pass(path: Path, account: Account | None) -> bool:
    """Tell whether the account can run the program, or enter the folder, at `path`."""
    # Asked of the kernel under that account: modes alone do not tell of access lists and mount options.
    question = ["/bin/sh", "-c", 'test -x "$0"', str(path)]
    asked = subprocess.run(question, cwd="/", check=False, **as_account(account))
    return asked.returncode == 0


def blocking_folder(path: Path, uid: int, gid: int) -> Path | None:
    """Return the topmost folder on the way to `path`, itself included, that this account may not enter."""
    path = path.resolve()
    for folder in (*reversed(path.parents), path):
        status = folder.stat()
        needed = stat.S_IXUSR if status.st_uid == uid else stat.S_IXGRP if status.st_gid == gid else stat.S_IXOTH
        if not status.st_mode & needed:
            return folder
    return None


def prepare_folder(folder: Path, account: Account | None) -> None:
    """Create the data folder, private to us and the server's account, or raise if that account cannot reach it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Someone's full folder given by mistake is not ours to open; an empty one is.
        ours = (folder / LOCK_NAME).exists() or not any(folder.iterdir())
    except OSError as error:
        raise EmbeddedPostgresError(
            f"Cannot use {folder} as data folder: {error}. Choose another with --data DIR or TROTH_DATA_DIR"
        ) from error
    if account is None:
        return
    if ours and blocking_folder(folder, account.uid, account.gid) == folder.resolve():
        os.chown(folder, -1, account.gid)
        folder.chmod(folder.stat().st_mode & 0o7777 | stat.S_IXGRP)
    if not can_pass(folder, account):
        blocking = blocking_folder(folder, account.uid, account.gid) or folder
        raise EmbeddedPostgresError(
            f"Cannot use {folder} as data folder: the account {account.name}, which runs PostgreSQL because root must "
            f"not, may not enter {blocking}. Choose a folder it can reach with --data DIR or TROTH_DATA_DIR (such as "
            f"{default_data_folder()}), or open the way with: chmod o+x {blocking}"
        )


def _account(key: str | int) -> Account | None:
    try:
        entry = pwd.getpwnam(key) if isinstance(key, str) else pwd.getpwuid(key)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid) if entry.pw_uid != 0 else None


def _created_account() -> Account | None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return None
    command = [program, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    made = subprocess.run([*command, ACCOUNT_NAME], capture_output=True, text=True, check=False)
    account = _account(ACCOUNT_NAME)  # also there if another start was faster
    if account is None:
        log.warning("embedded_postgres_account_not_created", account=ACCOUNT_NAME, reason=made.stderr.strip())
    elif made.returncode == 0:
        log.info("embedded_postgres_account_created", account=ACCOUNT_NAME, uid=account.uid)
    return account


def _nobody() -> Account:
    account = _account("nobody")
    if account is None:
        raise EmbeddedPostgresError(
            "PostgreSQL must not run as root and there is no other account: create one "
            f"(useradd --system {ACCOUNT_NAME}), start Troth as an ordinary user, or set TROTH_DATABASE_URL"
        )
    log.warning(
        "embedded_postgres_runs_as_nobody", advice=f"an account of its own is safer: useradd --system {ACCOUNT_NAME}"
    )
    return account
