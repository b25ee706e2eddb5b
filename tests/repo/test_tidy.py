"""The house rules that a machine can check (CONTRIBUTING.md)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BENCH = sorted((ROOT / "bench").rglob("*.py"))
SQL = sorted((ROOT / "src").rglob("*.sql"))

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
VAGUE = {"utils", "common", "helpers", "services", "models", "misc", "base"}
CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"),
}  # fmt: skip
SQL_CLOCKS = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(|"
    r"\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b",
    re.IGNORECASE,
)
CLOCK_ROOM = ROOT / "src/troth/clocks.py"
ROOMS_OF_TWO_CLOCKS = ("actions", "http", "worker", "hub", "cli")
WALL_CLOCK_READERS = {
    "actions/access.py", "actions/access_cache.py", "actions/access_tokens.py", "actions/projects.py",  # projects, keys
    "actions/idempotency_keys.py",  # for how long an answer is kept
    "actions/campaigns.py", "actions/customer_imports.py", "actions/member_batches.py",  # async actions
    "actions/order_imports.py",  # async actions
    "actions/card_codes.py", "actions/fulfilment.py", "actions/issuing.py",  # when to try again
    "actions/triggers.py", "actions/turns.py",  # when to try again
    "actions/ledger_audit.py",  # which night it is
    "actions/earning.py",  # for how long it decides in one go
    "actions/earning_evaluations.py",  # how long evaluations are kept
    "actions/clock.py", "actions/daily.py",  # the clocks themselves, and when workers look at them
    "actions/project_time.py",  # where the project's clock follows the wall's
    "http/door.py", "http/lists.py",  # durations, cursors
}  # fmt: skip
"""Who reads the wall clock; everybody else asks `actions/project_time.py` what time it is in the project (domain 2)."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *BENCH], ids=name_of)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert lines <= LONGEST_FUNCTION, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_names_say_something(path: Path) -> None:
    assert not VAGUE & {part.removesuffix(".py") for part in path.parts[len(ROOT.parts) :]}


@pytest.mark.parametrize("path", [path for path in SOURCES if path != CLOCK_ROOM], ids=name_of)
def test_no_clock_is_read_outside_the_clocks(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            owner_name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            assert (owner_name, node.func.attr) not in CLOCKS, f"line {node.lineno}"


def test_only_infrastructure_reads_the_wall_clock() -> None:
    readers = {
        str(path.relative_to(ROOT / "src/troth"))
        for room in ROOMS_OF_TWO_CLOCKS
        for path in (ROOT / "src/troth" / room).rglob("*.py")
        if any(
            isinstance(node, ast.Attribute) and node.attr == "clock"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    }
    assert readers == WALL_CLOCK_READERS


@pytest.mark.parametrize("path", SQL, ids=name_of)
def test_no_clock_is_read_in_sql(path: Path) -> None:
    code = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
    assert not SQL_CLOCKS.search(code)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_public_names_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body, "the module says nothing of itself"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} says nothing of itself"


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *SQL], ids=name_of)
def test_nothing_is_left_open(path: Path) -> None:
    markers = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"))
    assert not re.search(markers, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_tests_do_not_sleep_or_skip(path: Path) -> None:
    if path.name == "polling.py":  # the one place that waits between two looks at a condition
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"pytest", "pytest.mark"}:
            assert node.attr not in {"skip", "skipif", "xfail", "importorskip"}, f"line {node.lineno}"
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "sleep":
            assert [ast.unparse(one) for one in node.args] == ["0"], f"line {node.lineno}: only sleep(0) takes no time"


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_no_test_that_awaits_draws_while_it_runs(path: Path) -> None:
    """Hypothesis ends an overrun draw with an exception that would end the loop which all tests of a worker share."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.AsyncFunctionDef):
            assert not any("st.data()" in ast.unparse(one) for one in node.decorator_list), f"line {node.lineno}"


def test_every_query_is_bound_to_its_rooms() -> None:
    """Only db knows SQL: no statement stands in the Python of another room."""
    statement = re.compile(r"[\"'](SELECT|INSERT INTO|UPDATE|DELETE FROM)\s")
    for path in SOURCES:
        if "db" not in path.parts:
            assert not statement.search(path.read_text(encoding="utf-8")), name_of(path)
