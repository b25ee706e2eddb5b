"""How long tiers are safe, and which points a tracking period holds: month ends, leap days, clocks that change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.core.tier_stories import Row, rows, structure, told

from troth.core.calendar import day_of
from troth.core.tiering.evaluation import Cause, Facts, after_change
from troth.core.tiering.state import before_the_first

STORIES = """
balance / 30 DAY / multi
26-07-20 made, 26-09-01 end
-> 26-07-20 JOINED >B until 26-08-19, 26-08-20 PROLONGED B until 26-09-18

balance / 1 MONTH / multi
26-01-31 made, 26-03-10 end
-> 26-01-31 JOINED >B until 26-02-28, 26-03-01 PROLONGED B until 26-03-28

balance / 1 MONTH / multi
28-01-31 made, 28-03-10 end
-> 28-01-31 JOINED >B until 28-02-29, 28-03-01 PROLONGED B until 28-03-29

balance / 1 YEAR / multi
28-02-29 made, 29-03-10 end
-> 28-02-29 JOINED >B until 29-02-28, 29-03-01 PROLONGED B until 30-02-28

balance / 1 YEAR / multi
26-07-20 made, 28-08-10 end
-> 26-07-20 JOINED >B until 27-07-20, 27-07-21 PROLONGED B until 28-07-20, 28-07-21 PROLONGED B until 29-07-20

balance / dates 02-29 / multi
27-01-01 made, 28-03-10 end
-> 27-01-01 JOINED >B until 27-02-28, 27-03-01 PROLONGED B until 28-02-29, 28-03-01 PROLONGED B until 29-02-28

balance / dates 06-30 12-31 / multi
26-06-30 made, 27-01-10 end
-> 26-06-30 JOINED >B until 26-12-31, 27-01-01 PROLONGED B until 27-06-30

balance / dates 12-31 01-01 / multi
26-06-30 made, 27-02-10 end
-> 26-06-30 JOINED >B until 26-12-31, 27-01-01 PROLONGED B until 27-01-01, 27-01-02 PROLONGED B until 27-12-31

# Whoever deserves a tier again, in its grace or because it is never lost, has it prolonged from that day.
balance / 30 DAY / multi grace 30 DAY
26-01-01 made, 26-01-01 +500, 26-01-15 -500, 26-02-10 +500, 26-03-01 end
-> 26-01-01 JOINED >B until 26-01-31, 26-01-01 UPGRADED B>G until 26-01-31, 26-02-10 PROLONGED G until 26-03-12

balance / 30 DAY / multi grace 30 DAY
26-01-01 made, 26-01-01 +500, 26-01-15 -500, 26-03-10 end
-> 26-01-01 JOINED >B until 26-01-31, 26-01-01 UPGRADED B>G until 26-01-31, 26-03-03 DOWNGRADED G>B until 26-04-02

balance / 30 DAY / never
26-01-01 made, 26-01-01 +500, 26-01-15 -500, 26-02-10 +500, 26-03-01 end
-> 26-01-01 JOINED >B until 26-01-31, 26-01-01 UPGRADED B>G until 26-01-31, 26-02-10 PROLONGED G until 26-03-12

# What happens while a tier is safe counts when its safety ends.
balance / 30 DAY / multi
26-01-01 made, 26-01-01 +100, 26-01-05 -50, 26-01-20 +50, 26-02-10 end
-> 26-01-01 JOINED >B until 26-01-31, 26-01-01 UPGRADED B>S until 26-01-31, 26-02-01 PROLONGED S until 26-03-02

balance / 30 DAY / multi
26-01-01 made, 26-01-01 +100, 26-01-05 -50, 26-01-10 +500
-> 26-01-01 JOINED >B until 26-01-31, 26-01-01 UPGRADED B>S until 26-01-31, 26-01-10 UPGRADED S>G until 26-02-09

balance / 30 DAY / multi
26-01-10 made, 26-01-10 +500, 26-01-15 -300, 26-01-20 -150, 26-02-15 end
-> 26-01-10 JOINED >B until 26-02-09, 26-01-10 UPGRADED B>G until 26-02-09, 26-02-10 DOWNGRADED G>B until 26-03-12

# Points that last as long as the tier are still there when it is prolonged, and expire after that.
balance / 30 DAY / multi
26-01-10 made, 26-01-10 +100, 26-02-10 expire 100, 26-03-20 end
-> 26-01-10 JOINED >B until 26-02-09, 26-01-10 UPGRADED B>S until 26-02-09, 26-02-10 PROLONGED S until 26-03-11,
26-03-12 DOWNGRADED S>B until 26-04-11

balance / 30 DAY / multi
26-01-10 made, 26-01-10 +100, 26-01-20 -50, 26-02-10 activate 50
-> 26-01-10 JOINED >B until 26-02-09, 26-01-10 UPGRADED B>S until 26-02-09, 26-02-10 PROLONGED S until 26-03-11

# A sliding date moves with every qualifying activity, at most once a day, whatever the points have become.
balance / sliding 1 MONTH / multi
26-01-31 made, 26-02-10 +100, 26-02-20 spend 50, 26-04-01 end
-> 26-01-31 JOINED >B until 26-02-28, 26-02-10 UPGRADED B>S until 26-03-10, 26-02-20 PROLONGED S until 26-03-20,
26-03-21 DOWNGRADED S>B until 26-04-21

balance / sliding 1 MONTH / multi
26-01-31 made, 26-02-10 +200, 26-02-20 spend 10, 26-02-20 spend 10
-> 26-01-31 JOINED >B until 26-02-28, 26-02-10 UPGRADED B>S until 26-03-10, 26-02-20 PROLONGED S until 26-03-20

balance / sliding 1 MONTH / multi
26-01-31 made, 26-02-10 +100, 26-02-20 add 10, 26-06-01 end
-> 26-01-31 JOINED >B until 26-02-28, 26-02-10 UPGRADED B>S until 26-03-10

balance / sliding 1 MONTH / multi
26-01-31 made, 26-02-10 +100, 26-04-01 -50, 26-04-20 end
-> 26-01-31 JOINED >B until 26-02-28, 26-02-10 UPGRADED B>S until 26-03-10, 26-04-01 DOWNGRADED S>B until 26-05-01

balance / sliding 1 MONTH / multi
26-01-31 made, 26-02-10 +100, 26-04-05 +1
-> 26-01-31 JOINED >B until 26-02-28, 26-02-10 UPGRADED B>S until 26-03-10, 26-04-05 PROLONGED S until 26-05-05

balance / sliding 1 MONTH / multi grace 1 MONTH
26-01-31 made, 26-02-10 +100, 26-02-15 -50, 26-03-20 +10, 26-05-31 end
-> 26-01-31 JOINED >B until 26-02-28, 26-02-10 UPGRADED B>S until 26-03-10, 26-03-20 PROLONGED S until 26-04-20,
26-05-21 DOWNGRADED S>B until 26-06-21

# Tracking periods count from the day on which the card was made.
7 DAY now / none / multi
26-01-01 made, 26-01-05 +100, 26-01-20 end
-> 26-01-01 JOINED >B, 26-01-05 UPGRADED B>S, 26-01-08 DOWNGRADED S>B

1 WEEK now / none / multi
26-01-01 made, 26-01-07 +100, 26-01-20 end
-> 26-01-01 JOINED >B, 26-01-07 UPGRADED B>S, 26-01-08 DOWNGRADED S>B

1 MONTH now / none / multi
26-01-31 made, 26-02-27 +100, 26-02-28 +100, 26-04-10 end
-> 26-01-31 JOINED >B, 26-02-27 UPGRADED B>S, 26-02-28 DOWNGRADED S>B, 26-02-28 UPGRADED B>S, 26-03-31 DOWNGRADED
S>B

1 MONTH now / none / multi
28-01-31 made, 28-02-28 +100, 28-03-10 end
-> 28-01-31 JOINED >B, 28-02-28 UPGRADED B>S, 28-02-29 DOWNGRADED S>B

1 YEAR now / none / multi
28-02-29 made, 29-02-27 +100, 32-02-28 +100, 32-03-10 end
-> 28-02-29 JOINED >B, 29-02-27 UPGRADED B>S, 29-02-28 DOWNGRADED S>B, 32-02-28 UPGRADED B>S, 32-02-29 DOWNGRADED
S>B

# The points of two periods are never put together.
7 DAY now / none / multi
26-01-01 made, 26-01-07 +99, 26-01-08 +99, 26-01-30 end
-> 26-01-01 JOINED >B

# Spent points have been earned, refunded ones have not; the refund counts on its own date.
12 MONTH now / none / multi
26-01-01 made, 26-02-01 +100, 26-02-02 spend 100, 26-03-01 end
-> 26-01-01 JOINED >B, 26-02-01 UPGRADED B>S

12 MONTH now / none / multi
26-01-01 made, 26-02-01 +100, 26-02-02 refund 1
-> 26-01-01 JOINED >B, 26-02-01 UPGRADED B>S, 26-02-02 DOWNGRADED S>B

12 MONTH now / none / multi
26-01-01 made, 26-02-01 +100, 27-01-05 refund 100, 27-01-06 +100
-> 26-01-01 JOINED >B, 26-02-01 UPGRADED B>S, 27-01-01 DOWNGRADED S>B, 27-01-05 LEFT B>, 27-01-06 JOINED >B

12 MONTH now / none / multi
26-01-01 made, 26-02-01 add 600
-> 26-01-01 JOINED >B

# What is activated at the midnight that begins a period belongs to it.
12 MONTH now / none / multi
26-01-01 made, 26-06-01 +100, 27-01-01 activate 100, 27-02-01 end
-> 26-01-01 JOINED >B, 26-06-01 UPGRADED B>S

12 MONTH now / none / single grace 1 MONTH | S100 G500
26-01-31 made, 26-02-01 +500, 27-05-01 end
-> 26-02-01 JOINED >G, 27-03-01 DOWNGRADED G>S, 27-03-02 LEFT S>

12 MONTH now / 3 MONTH / multi
26-01-01 made, 26-11-20 +100, 27-06-01 end
-> 26-01-01 JOINED >B until 26-04-01, 26-04-02 PROLONGED B until 26-07-01, 26-07-02 PROLONGED B until 26-10-01,
26-10-02 PROLONGED B until 27-01-01, 26-11-20 UPGRADED B>S until 27-02-20, 27-02-21 DOWNGRADED S>B until 27-05-21,
27-05-22 PROLONGED B until 27-08-21

# From the next period on: one change is pending at a time; another one takes its place, or nothing does.
12 MONTH next / none / multi
26-01-01 made, 26-02-01 +100, 26-03-01 +300, 26-04-01 +100, 27-02-01 end
-> 26-01-01 JOINED >B, 26-02-01 PENDING B>S from 27-01-01, 26-04-01 REJECTED B>S, 26-04-01 PENDING B>G from
27-01-01, 27-01-01 APPROVED B>G

12 MONTH next / none / multi
26-01-01 made, 26-02-01 +500, 26-03-01 refund 400, 26-04-01 refund 1, 27-02-01 end
-> 26-01-01 JOINED >B, 26-02-01 PENDING B>G from 27-01-01, 26-03-01 REJECTED B>G, 26-03-01 PENDING B>S from
27-01-01, 26-04-01 REJECTED B>S

12 MONTH next / none / multi | S100 G500
26-01-01 made, 26-02-01 +100, 28-02-01 end
-> 26-02-01 PENDING >S from 27-01-01, 27-01-01 APPROVED >S, 28-01-01 LEFT S>

12 MONTH next / none / multi
26-01-01 made, 26-02-01 +100, 26-03-01 gone
-> 26-01-01 JOINED >B, 26-02-01 PENDING B>S from 27-01-01, 26-03-01 LEFT B>, 26-03-01 REJECTED B>S

12 MONTH next / none / multi | S100 G500
26-01-01 made, 26-02-01 +100, 26-03-01 gone
-> 26-02-01 PENDING >S from 27-01-01, 26-03-01 REJECTED >S

12 MONTH next / none / multi
26-01-01 made, 26-02-01 +500, 27-02-01 +500, 28-02-01 +100, 29-02-01 end
-> 26-01-01 JOINED >B, 26-02-01 PENDING B>G from 27-01-01, 27-01-01 APPROVED B>G, 29-01-01 DOWNGRADED G>S

# Points of a running period come too late for a grace that ends in it; their own change follows.
12 MONTH next / none / multi grace 6 MONTH
26-01-01 made, 26-02-01 +500, 28-03-01 +500, 29-02-01 end
-> 26-01-01 JOINED >B, 26-02-01 PENDING B>G from 27-01-01, 27-01-01 APPROVED B>G, 28-07-01 DOWNGRADED G>B, 28-07-01
PENDING B>G from 29-01-01, 29-01-01 APPROVED B>G

12 MONTH next / none / multi grace 14 MONTH
26-01-01 made, 26-02-01 +500, 28-03-01 +500, 30-02-01 end
-> 26-01-01 JOINED >B, 26-02-01 PENDING B>G from 27-01-01, 27-01-01 APPROVED B>G

12 MONTH next / none / multi | B0 S100 V100@vip
26-01-01 made, 26-02-01 +100, 26-03-01 in vip, 27-05-01 out vip, 27-06-01 in vip
-> 26-01-01 JOINED >B, 26-02-01 PENDING B>S from 27-01-01, 26-03-01 REJECTED B>S, 26-03-01 PENDING B>V from
27-01-01, 27-01-01 APPROVED B>V, 27-05-01 DOWNGRADED V>S, 27-06-01 UPGRADED S>V

1 MONTH next / none / multi
26-01-31 made, 26-02-27 +100, 26-05-10 end
-> 26-01-31 JOINED >B, 26-02-27 PENDING B>S from 26-02-28, 26-02-28 APPROVED B>S, 26-03-31 DOWNGRADED S>B
"""


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "America/Sao_Paulo"])
@pytest.mark.parametrize("row", rows(STORIES), ids=str)
def test_story(row: Row, zone: str) -> None:
    assert told(structure(row.structure, row.tiers), row.story, zone) == row.chain


@pytest.mark.parametrize(
    ("zone", "reached", "expires"),
    [
        ("UTC", "2026-07-20T12:00Z", "2026-08-20T00:00Z"),
        ("Europe/Warsaw", "2026-07-20T21:59Z", "2026-08-19T22:00Z"),
        ("Europe/Warsaw", "2026-07-20T22:00Z", "2026-08-20T22:00Z"),
        # The last day is the one on which the clocks change.
        ("Europe/Warsaw", "2026-02-27T12:00Z", "2026-03-29T22:00Z"),
        ("Europe/Warsaw", "2026-09-25T12:00Z", "2026-10-25T23:00Z"),
        # The day after the last one begins at 01:00.
        ("America/Sao_Paulo", "2018-10-04T12:00Z", "2018-11-04T03:00Z"),
        # The day after the last one does not exist.
        ("Pacific/Apia", "2011-11-29T12:00-10:00", "2011-12-30T10:00Z"),
    ],
)
def test_a_tier_expires_when_its_last_day_ends(zone: str, reached: str, expires: str) -> None:
    of, moment = structure("balance / 30 DAY / multi"), datetime.fromisoformat(reached).astimezone(UTC)
    facts = Facts("lcrd_1", 0, frozenset(), ZoneInfo(zone))
    cause = Cause(moment, None)
    _, booked = after_change(of, before_the_first(of, day_of(moment, facts.zone)), facts, cause)
    assert [one.expires_at for one in booked] == [datetime.fromisoformat(expires)]
