"""Imports go one way: assemble → http | worker | hub | cli → actions → db → core (ARCHITECTURE.md)."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "troth"
RANKS = {"core": 0, "db": 1, "actions": 2, "http": 3, "worker": 3, "hub": 3, "cli": 3}
DOORS = {"http", "worker", "hub", "cli"}
IMPURE = {"asyncio", "asyncpg", "fastapi", "httpx", "os", "random", "secrets", "socket", "starlette", "subprocess"}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "troth" and len(parts) > 1 and parts[1] in RANKS else None


def test_rooms_import_downwards_only() -> None:
    wrong = []
    for room, rank in RANKS.items():
        for path in (PACKAGE / room).rglob("*.py"):
            targets = {target for module in imports_of(path) if (target := room_of(module)) and target != room}
            barred = {target for target in targets if RANKS[target] >= rank or (room in DOORS and target == "db")}
            wrong += [f"{path.relative_to(PACKAGE)} imports {target}" for target in barred]
    assert not wrong


def test_core_is_pure() -> None:
    wrong = []
    for path in (PACKAGE / "core").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        roots = {module.split(".")[0] for module in imports_of(path)}
        if roots & IMPURE or "troth.clocks" in imports_of(path):
            wrong.append(f"{path.name} imports {roots & IMPURE}")
        if any(isinstance(node, ast.Await | ast.AsyncFunctionDef) for node in ast.walk(tree)):
            wrong.append(f"{path.name} awaits")
    assert not wrong


def test_only_db_talks_to_postgresql_and_only_doors_know_the_web() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0]
        roots = {module.split(".")[0] for module in imports_of(path)}
        if "asyncpg" in roots and room != "db":
            wrong.append(f"{path.relative_to(PACKAGE)} imports asyncpg")
        if roots & {"fastapi", "starlette"} and room not in {"http", "hub", "assemble.py"}:
            wrong.append(f"{path.relative_to(PACKAGE)} imports the web framework")
    assert not wrong
