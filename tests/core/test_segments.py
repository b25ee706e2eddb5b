"""Who enters and leaves segments by which change, and what a segment may become (domain 9)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.core.definitions import segment

from troth.core.customers import Customer
from troth.core.filters import CustomerFilter
from troth.core.refusals import Refusal
from troth.core.segments import Attendance, Membership, SegmentConfiguration, revised

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VIP = segment("vip", metadata__vip={"$is": [True]})
QUIET = segment("quiet", fires=False, metadata__vip={"$is": [True]})
OLD = segment("old", created_at={"$more_than": [30]})
ADA = Customer("cust_a", *(None,) * 7, metadata={}, created_at=NOW, updated_at=None)


def flipped(*, vip: bool) -> Customer:
    return ADA._replace(metadata={"vip": vip})


def test_who_flips_a_hundred_times_enters_exactly_as_often_as_it_does() -> None:
    attendance = Attendance([VIP, QUIET], [])
    for turn in range(100):
        attendance.follow(flipped(vip=turn % 2 == 0), NOW)
    joined, left, entered = attendance.crossings()
    assert (joined, left) == ((), ())
    assert entered == (Membership("cust_a", "seg_vip"),) * 50


def test_who_is_in_already_does_not_enter_again() -> None:
    stored = [Membership("cust_a", "seg_vip"), Membership("cust_a", "seg_static"), Membership("cust_b", "seg_vip")]
    attendance = Attendance([VIP, QUIET], stored)
    attendance.follow(flipped(vip=True), NOW)
    assert attendance.crossings() == ((Membership("cust_a", "seg_quiet"),), (), ())
    attendance.follow(flipped(vip=False), NOW)
    assert attendance.crossings() == ((), (Membership("cust_a", "seg_vip"),), ())
    attendance.follow(flipped(vip=True), NOW)
    quiet, vip = Membership("cust_a", "seg_quiet"), Membership("cust_a", "seg_vip")
    assert attendance.crossings() == ((quiet,), (), (vip,))


def test_time_alone_takes_a_customer_in() -> None:
    assert OLD.filter.follows_time
    assert not VIP.filter.follows_time
    assert not segment("then", created_at={"$before": ["2026-01-01"]}).filter.follows_time
    assert not segment("much", metadata__n={"$more_than": [5]}).filter.follows_time
    month = timedelta(days=30)
    attendance = Attendance([OLD], [])
    attendance.follow(ADA, NOW + month)
    assert attendance.crossings().joined == ()
    attendance.follow(ADA, NOW + month + timedelta(milliseconds=1))
    assert attendance.crossings().entered == (Membership("cust_a", "seg_old"),)


ASKED = CustomerFilter.model_validate({"junction": "and", "name": {"conditions": {"$is": ["Ada"]}}})
OTHER = CustomerFilter.model_validate({"junction": "or", "email": {"conditions": {"$has_value": []}}})
STATIC = SegmentConfiguration(type="static")
FOUND = SegmentConfiguration(type="auto-update", filter=ASKED)


@pytest.mark.parametrize(
    ("present", "type_", "asked", "after"),
    [
        (STATIC, None, None, STATIC),
        (STATIC, "static", None, STATIC),
        (FOUND, None, None, FOUND),
        (FOUND, "passive", None, SegmentConfiguration(type="passive", filter=ASKED)),
        (FOUND, None, OTHER, SegmentConfiguration(type="auto-update", filter=OTHER)),
        (STATIC, "passive", None, "type: must be static, since the segment is static"),
        (FOUND, "static", None, "type: must be auto-update or passive, since the segment is auto-update"),
        (STATIC, None, ASKED, "filter: must be left out or null when type is static"),
    ],
)
def test_what_a_segment_may_become(
    present: SegmentConfiguration, type_: str | None, asked: CustomerFilter | None, after: Any
) -> None:
    if isinstance(after, SegmentConfiguration):
        assert revised(present, type_, asked) == after
        return
    with pytest.raises(Refusal) as caught:
        revised(present, type_, asked)
    assert caught.value.details == after


def test_only_a_passive_segment_never_fires() -> None:
    assert [SegmentConfiguration(type=one).fires for one in ("static", "auto-update", "passive")] == [True, True, False]
