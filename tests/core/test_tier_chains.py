"""What becomes of one card under every way to follow points, to keep a tier, and to lose it (domain 10)."""

from collections.abc import Iterator

import pytest
from tests.core.tier_stories import structure, told

STORIES = {
    "balance": "26-01-10 made, 26-01-20 +600, 26-03-05 -550, 26-05-10 end",
    "12 MONTH now": "26-01-10 made, 26-03-20 +600, 26-06-20 spend 600, 27-12-10 end",
    "12 MONTH next": "26-01-10 made, 26-03-20 +600, 26-06-20 -600, 28-12-10 end",
}
DOWNGRADES = (
    "never", "single", "single grace 10 DAY", "single grace 1 MONTH up",
    "multi", "multi grace 10 DAY", "multi grace 1 MONTH up",
)  # fmt: skip

# Of each way to follow points and to keep tiers: what happens to all, then what comes of each of the DOWNGRADES.
CHAINS: dict[str, tuple[str, tuple[str, ...]]] = {
    "balance / none": (
        "26-01-10 JOINED >B, 26-01-20 UPGRADED B>G",
        (
            "",
            "26-03-05 DOWNGRADED G>S, 26-03-06 DOWNGRADED S>B",
            "26-03-16 DOWNGRADED G>S, 26-03-17 DOWNGRADED S>B",
            "26-05-01 DOWNGRADED G>S, 26-05-02 DOWNGRADED S>B",
            "26-03-05 DOWNGRADED G>B",
            "26-03-16 DOWNGRADED G>B",
            "26-05-01 DOWNGRADED G>B",
        ),
    ),
    "balance / 30 DAY": (
        "26-01-10 JOINED >B until 26-02-09, 26-01-20 UPGRADED B>G until 26-02-19, 26-02-20 PROLONGED G until 26-03-21",
        (
            "",
            "26-03-22 DOWNGRADED G>S, 26-03-23 DOWNGRADED S>B until 26-04-22, 26-04-23 PROLONGED B until 26-05-22",
            "26-04-01 DOWNGRADED G>S, 26-04-02 DOWNGRADED S>B until 26-05-02, 26-05-03 PROLONGED B until 26-06-01",
            "26-05-01 DOWNGRADED G>S, 26-05-02 DOWNGRADED S>B until 26-06-01",
            "26-03-22 DOWNGRADED G>B until 26-04-21, 26-04-22 PROLONGED B until 26-05-21",
            "26-04-01 DOWNGRADED G>B until 26-05-01, 26-05-02 PROLONGED B until 26-05-31",
            "26-05-01 DOWNGRADED G>B until 26-05-31",
        ),
    ),
    "balance / dates 03-31 09-30": (
        "26-01-10 JOINED >B until 26-03-31, 26-01-20 UPGRADED B>G until 26-03-31",
        (
            "",
            "26-04-01 DOWNGRADED G>S, 26-04-02 DOWNGRADED S>B until 26-09-30",
            "26-04-11 DOWNGRADED G>S, 26-04-12 DOWNGRADED S>B until 26-09-30",
            "26-05-01 DOWNGRADED G>S, 26-05-02 DOWNGRADED S>B until 26-09-30",
            "26-04-01 DOWNGRADED G>B until 26-09-30",
            "26-04-11 DOWNGRADED G>B until 26-09-30",
            "26-05-01 DOWNGRADED G>B until 26-09-30",
        ),
    ),
    "balance / sliding 2 MONTH": (
        "26-01-10 JOINED >B until 26-03-10, 26-01-20 UPGRADED B>G until 26-03-20",
        (
            "",
            "26-03-21 DOWNGRADED G>S, 26-03-22 DOWNGRADED S>B until 26-05-22",
            "26-03-31 DOWNGRADED G>S, 26-04-01 DOWNGRADED S>B until 26-06-01",
            "26-05-01 DOWNGRADED G>S, 26-05-02 DOWNGRADED S>B until 26-07-02",
            "26-03-21 DOWNGRADED G>B until 26-05-21",
            "26-03-31 DOWNGRADED G>B until 26-05-31",
            "26-05-01 DOWNGRADED G>B until 26-07-01",
        ),
    ),
    "12 MONTH now / none": (
        "26-01-10 JOINED >B, 26-03-20 UPGRADED B>G",
        (
            "",
            "27-01-10 DOWNGRADED G>S, 27-01-11 DOWNGRADED S>B",
            "27-01-20 DOWNGRADED G>S, 27-01-21 DOWNGRADED S>B",
            "27-03-01 DOWNGRADED G>S, 27-03-02 DOWNGRADED S>B",
            "27-01-10 DOWNGRADED G>B",
            "27-01-20 DOWNGRADED G>B",
            "27-03-01 DOWNGRADED G>B",
        ),
    ),
    "12 MONTH now / 1 YEAR": (
        "26-01-10 JOINED >B until 27-01-10, 26-03-20 UPGRADED B>G until 27-03-20",
        (
            "",
            "27-03-21 DOWNGRADED G>S, 27-03-22 DOWNGRADED S>B until 28-03-22",
            "27-03-31 DOWNGRADED G>S, 27-04-01 DOWNGRADED S>B until 28-04-01",
            "27-05-01 DOWNGRADED G>S, 27-05-02 DOWNGRADED S>B until 28-05-02",
            "27-03-21 DOWNGRADED G>B until 28-03-21",
            "27-03-31 DOWNGRADED G>B until 28-03-31",
            "27-05-01 DOWNGRADED G>B until 28-05-01",
        ),
    ),
    "12 MONTH now / dates 09-30": (
        "26-01-10 JOINED >B until 26-09-30, 26-03-20 UPGRADED B>G until 26-09-30, 26-10-01 PROLONGED G until 27-09-30",
        (
            "",
            "27-10-01 DOWNGRADED G>S, 27-10-02 DOWNGRADED S>B until 28-09-30",
            "27-10-11 DOWNGRADED G>S, 27-10-12 DOWNGRADED S>B until 28-09-30",
            "27-11-01 DOWNGRADED G>S, 27-11-02 DOWNGRADED S>B until 28-09-30",
            "27-10-01 DOWNGRADED G>B until 28-09-30",
            "27-10-11 DOWNGRADED G>B until 28-09-30",
            "27-11-01 DOWNGRADED G>B until 28-09-30",
        ),
    ),
    # Spending on 20 June moves the sliding date; ten days later and a month rounded up count from the last safe day.
    "12 MONTH now / sliding 11 MONTH": (
        "26-01-10 JOINED >B until 26-12-10, 26-03-20 UPGRADED B>G until 27-02-20, 26-06-20 PROLONGED G until 27-05-20",
        (
            "",
            "27-05-21 DOWNGRADED G>S, 27-05-22 DOWNGRADED S>B until 28-04-22",
            "27-05-31 DOWNGRADED G>S, 27-06-01 DOWNGRADED S>B until 28-05-01",
            "27-07-01 DOWNGRADED G>S, 27-07-02 DOWNGRADED S>B until 28-06-02",
            "27-05-21 DOWNGRADED G>B until 28-04-21",
            "27-05-31 DOWNGRADED G>B until 28-04-30",
            "27-07-01 DOWNGRADED G>B until 28-06-01",
        ),
    ),
    "12 MONTH next / none": (
        "26-01-10 JOINED >B, 26-03-20 PENDING B>G from 27-01-10, 27-01-10 APPROVED B>G",
        (
            "",
            "28-01-10 DOWNGRADED G>S, 28-01-11 DOWNGRADED S>B",
            "28-01-20 DOWNGRADED G>S, 28-01-21 DOWNGRADED S>B",
            "28-03-01 DOWNGRADED G>S, 28-03-02 DOWNGRADED S>B",
            "28-01-10 DOWNGRADED G>B",
            "28-01-20 DOWNGRADED G>B",
            "28-03-01 DOWNGRADED G>B",
        ),
    ),
    "12 MONTH next / 14 MONTH": (
        "26-01-10 JOINED >B until 27-03-10, 26-03-20 PENDING B>G from 27-01-10 until 28-03-10, 27-01-10 APPROVED B>G",
        (
            "",
            "28-03-11 DOWNGRADED G>S, 28-03-12 DOWNGRADED S>B until 29-05-12",
            "28-03-21 DOWNGRADED G>S, 28-03-22 DOWNGRADED S>B until 29-05-22",
            "28-05-01 DOWNGRADED G>S, 28-05-02 DOWNGRADED S>B until 29-07-02",
            "28-03-11 DOWNGRADED G>B until 29-05-11",
            "28-03-21 DOWNGRADED G>B until 29-05-21",
            "28-05-01 DOWNGRADED G>B until 29-07-01",
        ),
    ),
    # What the year 2026 earned decides the whole of 2027, so Gold is prolonged in September 2027 and not in 2028.
    "12 MONTH next / dates 09-30": (
        (
            "26-01-10 JOINED >B until 26-09-30, 26-03-20 PENDING B>G from 27-01-10 until 27-09-30, "
            "26-10-01 PROLONGED B until 27-09-30, 27-01-10 APPROVED B>G, 27-10-01 PROLONGED G until 28-09-30"
        ),
        (
            "",
            "28-10-01 DOWNGRADED G>S, 28-10-02 DOWNGRADED S>B until 29-09-30",
            "28-10-11 DOWNGRADED G>S, 28-10-12 DOWNGRADED S>B until 29-09-30",
            "28-11-01 DOWNGRADED G>S, 28-11-02 DOWNGRADED S>B until 29-09-30",
            "28-10-01 DOWNGRADED G>B until 29-09-30",
            "28-10-11 DOWNGRADED G>B until 29-09-30",
            "28-11-01 DOWNGRADED G>B until 29-09-30",
        ),
    ),
    "12 MONTH next / sliding 3 MONTH": (
        (
            "26-01-10 JOINED >B until 26-04-10, 26-03-20 PROLONGED B until 26-06-20, "
            "26-03-20 PENDING B>G from 27-01-10 until 27-04-10, 27-01-10 APPROVED B>G"
        ),
        (
            "",
            "28-01-10 DOWNGRADED G>S, 28-01-11 DOWNGRADED S>B until 28-04-11",
            "28-01-20 DOWNGRADED G>S, 28-01-21 DOWNGRADED S>B until 28-04-21",
            "28-03-01 DOWNGRADED G>S, 28-03-02 DOWNGRADED S>B until 28-06-02",
            "28-01-10 DOWNGRADED G>B until 28-04-10",
            "28-01-20 DOWNGRADED G>B until 28-04-20",
            "28-03-01 DOWNGRADED G>B until 28-06-01",
        ),
    ),
}


def rows() -> Iterator[tuple[str, str, str]]:
    for kept, (opening, tails) in CHAINS.items():
        story = STORIES[kept.partition(" / ")[0]]
        for downgrade, tail in zip(DOWNGRADES, tails, strict=True):
            yield f"{kept} / {downgrade}", story, ", ".join(filter(None, (opening, tail)))


@pytest.mark.parametrize(("text", "story", "chain"), list(rows()))
def test_chain(text: str, story: str, chain: str) -> None:
    assert told(structure(text), story) == chain
