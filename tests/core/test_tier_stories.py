"""Where tiers are won and lost to the point and to the day (domain 10)."""

import pytest
from tests.core.tier_stories import Row, rows, structure, told

STORIES = """
balance / none / multi
26-01-01 made, 26-01-02 +99, 26-01-03 +1, 26-01-04 +399, 26-01-05 +1
-> 26-01-01 JOINED >B, 26-01-03 UPGRADED B>S, 26-01-05 UPGRADED S>G

balance / none / multi
26-01-01 made, 26-01-02 +500, 26-01-03 -1, 26-01-04 -399, 26-01-05 -1
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-03 DOWNGRADED G>S, 26-01-05 DOWNGRADED S>B

balance / none / multi | B0 S100 G500 P1000
26-01-01 made, 26-01-02 +1000, 26-01-03 -1000
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>P, 26-01-03 DOWNGRADED P>B

# Without a tier for 0 points a member may be in none.
balance / none / multi | S100 G500
26-01-01 made, 26-01-02 +100, 26-01-03 -1, 26-01-04 +401
-> 26-01-02 JOINED >S, 26-01-03 LEFT S>, 26-01-04 JOINED >G

balance / none / single | S100 G500
26-01-01 made, 26-01-02 +500, 26-01-05 -500, 26-01-31 end
-> 26-01-02 JOINED >G, 26-01-05 DOWNGRADED G>S, 26-01-06 LEFT S>

balance / none / multi
26-01-01 made, 26-01-02 -5, 26-01-03 +5
-> 26-01-01 JOINED >B, 26-01-02 LEFT B>, 26-01-03 JOINED >B

balance / none / multi | S100 G500
26-01-01 made, 26-01-02 +99, 26-01-03 gone
->

# At equal points the tier with a segment is the higher one.
balance / none / multi | B0 S100 V100@vip G500
26-01-01 made, 26-01-02 +100, 26-01-03 in vip, 26-01-04 in other, 26-01-05 out vip
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>S, 26-01-03 UPGRADED S>V, 26-01-05 DOWNGRADED V>S

balance / none / multi | B0 S100 V100@vip G500
26-01-01 made, 26-01-02 in vip, 26-01-03 +100, 26-01-04 +400
-> 26-01-01 JOINED >B, 26-01-03 UPGRADED B>V, 26-01-04 UPGRADED V>G

balance / none / single | B0 S100 V100@vip G500
26-01-01 made, 26-01-02 +500, 26-01-03 -500, 26-01-09 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-03 DOWNGRADED G>S, 26-01-04 DOWNGRADED S>B

balance / none / single | B0 S100 V100@vip G500
26-01-01 made, 26-01-01 in vip, 26-01-02 +500, 26-01-03 -500, 26-01-09 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-03 DOWNGRADED G>V, 26-01-04 DOWNGRADED V>S, 26-01-05 DOWNGRADED
S>B

balance / none / multi grace 3 DAY | B0 S100 V100@vip G500
26-01-01 made, 26-01-02 in vip, 26-01-03 +100, 26-01-10 out vip, 26-02-01 end
-> 26-01-01 JOINED >B, 26-01-03 UPGRADED B>V, 26-01-14 DOWNGRADED V>S

balance / none / multi grace 3 DAY | B0 S100 V100@vip G500
26-01-01 made, 26-01-02 in vip, 26-01-03 +100, 26-01-10 out vip, 26-01-13 in vip, 26-02-01 end
-> 26-01-01 JOINED >B, 26-01-03 UPGRADED B>V

balance / 30 DAY / multi | B0 S100 V100@vip G500
26-01-01 made, 26-01-01 in vip, 26-01-03 +100, 26-01-10 out vip, 26-02-05 end
-> 26-01-01 JOINED >B until 26-01-31, 26-01-03 UPGRADED B>V until 26-02-02, 26-02-03 DOWNGRADED V>S until 26-03-05

# A tier of its own NO_DOWNGRADE is never lost, once it has been reached, be it on the way to a higher one.
balance / none / multi | B0 S100! G500
26-01-01 made, 26-01-02 +100, 26-01-03 -100, 26-03-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>S

balance / none / multi | B0 S100! G500
26-01-01 made, 26-01-02 +500, 26-01-03 -500, 26-03-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-03 DOWNGRADED G>S

balance / none / single | B0 S100! G500
26-01-01 made, 26-01-02 +500, 26-01-03 -500, 26-03-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-03 DOWNGRADED G>S

balance / none / multi | B0 S100 G500!
26-01-01 made, 26-01-02 +500, 26-01-03 -500, 26-03-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G

balance / none / multi | B0! S100 G500
26-01-01 made, 26-01-02 +500, 26-01-03 -300, 26-01-04 -250
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-03 DOWNGRADED G>S, 26-01-04 DOWNGRADED S>B

balance / none / multi | B0 V100!@vip G500
26-01-01 made, 26-01-02 +500, 26-01-03 -500
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-03 DOWNGRADED G>B

balance / none / multi | B0 V100!@vip G500
26-01-01 made, 26-01-01 in vip, 26-01-02 +500, 26-01-03 -500, 26-01-04 out vip, 26-02-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-03 DOWNGRADED G>V

balance / none / multi grace 5 DAY | B0 S100! G500
26-01-01 made, 26-01-02 +500, 26-01-10 -500, 26-03-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-16 DOWNGRADED G>S

balance / 30 DAY / multi | B0 S100! G500
26-01-01 made, 26-01-02 +100, 26-01-03 -100, 26-06-01 end
-> 26-01-01 JOINED >B until 26-01-31, 26-01-02 UPGRADED B>S until 26-02-01

balance / none / multi | B0 S100! G500
26-01-01 made, 26-01-02 +100, 26-01-03 gone
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>S, 26-01-03 LEFT S>

# One level a project day, however often the card moves; and no further than to the tier that is deserved.
balance / none / single
26-01-01 made, 26-01-02 +500, 26-01-10 -450, 26-01-10 -10, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-10 DOWNGRADED G>S, 26-01-11 DOWNGRADED S>B

balance / none / single
26-01-01 made, 26-01-02 +500, 26-01-10 -450, 26-01-10 +450, 26-01-10 -450, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-10 DOWNGRADED G>S, 26-01-10 UPGRADED S>G, 26-01-11 DOWNGRADED
G>S, 26-01-12 DOWNGRADED S>B

balance / none / single
26-01-01 made, 26-01-02 +500, 26-01-10 -300, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-10 DOWNGRADED G>S

balance / none / single | B0 S100 G500 P1000
26-01-01 made, 26-01-02 +1000, 26-01-10 -990, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>P, 26-01-10 DOWNGRADED P>G, 26-01-11 DOWNGRADED G>S, 26-01-12 DOWNGRADED
S>B

balance / none / single | B0 S100 G500 P1000
26-01-01 made, 26-01-02 +1000, 26-01-10 -990, 26-01-11 +200, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>P, 26-01-10 DOWNGRADED P>G, 26-01-11 DOWNGRADED G>S

# Only the tier that is deserved at last is safe.
balance / 30 DAY / single | B0 S100 G500 P1000
26-01-01 made, 26-01-02 +1000, 26-01-10 -990, 26-02-10 end
-> 26-01-01 JOINED >B until 26-01-31, 26-01-02 UPGRADED B>P until 26-02-01, 26-02-02 DOWNGRADED P>G, 26-02-03
DOWNGRADED G>S, 26-02-04 DOWNGRADED S>B until 26-03-06

# One grace a fall; a tier that is deserved on the way down has a grace of its own.
balance / none / single grace 5 DAY | B0 S100 G500 P1000
26-01-01 made, 26-01-02 +1000, 26-01-10 -990, 26-01-17 +200, 26-01-20 -200, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>P, 26-01-16 DOWNGRADED P>G, 26-01-17 DOWNGRADED G>S, 26-01-26 DOWNGRADED
S>B

# A grace is kept to its last day: falling deeper meanwhile neither ends nor renews it.
balance / none / multi grace 5 DAY
26-01-01 made, 26-01-02 +500, 26-01-10 -1, 26-01-12 -400, 26-01-15 end, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-16 DOWNGRADED G>B

balance / none / multi grace 5 DAY
26-01-01 made, 26-01-02 +500, 26-01-10 -1, 26-01-15 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G

balance / none / multi grace 5 DAY
26-01-01 made, 26-01-02 +500, 26-01-10 -1, 26-01-12 +1, 26-01-20 -1, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-26 DOWNGRADED G>S

balance / none / multi grace 5 DAY | B0 S100 G500 P1000
26-01-01 made, 26-01-02 +500, 26-01-10 -1, 26-01-12 +501, 26-01-31 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-01-12 UPGRADED G>P

balance / none / multi grace 1 YEAR up
26-01-01 made, 26-01-02 +500, 26-03-05 -500, 28-02-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 28-01-01 DOWNGRADED G>B

balance / none / multi grace 2 DAY up
26-01-01 made, 26-01-02 +500, 26-03-05 -500, 28-02-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-03-08 DOWNGRADED G>B

balance / none / multi grace 1 MONTH
26-01-01 made, 26-01-02 +500, 26-01-31 -500, 26-06-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-03-01 DOWNGRADED G>B

balance / none / multi grace 1 MONTH
28-01-01 made, 28-01-02 +500, 28-01-31 -500, 28-06-01 end
-> 28-01-01 JOINED >B, 28-01-02 UPGRADED B>G, 28-03-01 DOWNGRADED G>B

balance / none / multi grace 1 MONTH up
26-01-01 made, 26-01-02 +500, 26-02-01 -500, 26-06-01 end
-> 26-01-01 JOINED >B, 26-01-02 UPGRADED B>G, 26-04-01 DOWNGRADED G>B

# The midnight that ends the last day of points disqualifies as of that day.
balance / none / multi
26-01-01 made, 26-01-10 +100, 26-03-01 expire 50
-> 26-01-01 JOINED >B, 26-01-10 UPGRADED B>S, 26-03-01 DOWNGRADED S>B

balance / none / multi grace 10 DAY
26-01-01 made, 26-01-10 +100, 26-03-01 expire 50, 26-04-01 end
-> 26-01-01 JOINED >B, 26-01-10 UPGRADED B>S, 26-03-11 DOWNGRADED S>B

balance / none / multi grace 1 MONTH up
26-01-01 made, 26-01-10 +100, 26-04-01 expire 50, 26-06-01 end
-> 26-01-01 JOINED >B, 26-01-10 UPGRADED B>S, 26-05-01 DOWNGRADED S>B

balance / none / multi
26-01-01 made, 26-02-01 activate 100
-> 26-01-01 JOINED >B, 26-02-01 UPGRADED B>S
"""


@pytest.mark.parametrize("row", rows(STORIES), ids=str)
def test_story(row: Row) -> None:
    assert told(structure(row.structure, row.tiers), row.story) == row.chain
