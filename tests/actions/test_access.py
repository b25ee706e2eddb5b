"""Projects and keys: what is made, what is refused, and what the database gets to know (domain 2)."""

import asyncio
import hashlib
import uuid
from dataclasses import replace

import asyncpg
import pytest
from tests.moving_clock import MovingClock

from troth.actions import access
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.core.refusals import Reason, Refusal

pytestmark = pytest.mark.anyio


async def stored_key(engine: Engine, app_id: str) -> asyncpg.Record:
    async with engine.database.connection() as connection:
        return await connection.fetchrow("SELECT * FROM api_keys WHERE app_id = $1", app_id)


async def test_a_project_comes_with_an_admin_key(engine: Engine) -> None:
    project, made = await access.create_project(engine, "Café 喫茶店", sandbox=True, time_zone="Asia/Tokyo")
    assert project.id.startswith("proj_")
    assert await access.get_project(engine, project.id) == project
    assert project in await access.list_projects(engine)
    assert (project.name, project.sandbox, project.time_zone) == ("Café 喫茶店", True, "Asia/Tokyo")
    assert (made.key.project_id, made.key.role) == (project.id, Role.ADMIN)
    assert await access.list_keys(engine, project.id) == [made.key]


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "utc+1",
        "Europe",
        "Europe/Nowhere",
        "../etc/passwd",
        "/etc/localtime",
        "localtime",
        "Factory",
        "UTC\n",
        "\ud800",
    ],
)
async def test_a_time_zone_must_be_a_name_of_iana(engine: Engine, zone: str) -> None:
    with pytest.raises(Refusal, match="time_zone: must be an IANA time zone") as refused:
        await access.create_project(engine, "Shop", time_zone=zone)
    assert refused.value.reason is Reason.INVALID_PAYLOAD


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "a\x00b", "\x1b[31m", "\ud800"])
async def test_names_are_short_and_printable(engine: Engine, name: str) -> None:
    project, _ = await access.create_project(engine, "x" * 200)
    for attempt in (access.create_project(engine, name), access.create_key(engine, project.id, name, Role.ADMIN)):
        with pytest.raises(Refusal, match="name: must have 1 to 200 printable characters") as refused:
            await attempt
        assert refused.value.reason is Reason.INVALID_PAYLOAD
    assert len(await access.list_keys(engine, project.id)) == 1


async def test_credentials_cannot_be_guessed_and_tokens_are_not_stored(engine: Engine) -> None:
    project, first = await access.create_project(engine, "Shop")
    made = [first, *[await access.create_key(engine, project.id, "Till", Role.READ_ONLY) for _ in range(20)]]
    assert len({one.key.app_id for one in made}) == len({one.token for one in made}) == len(made)
    for one in made:
        assert uuid.UUID(one.key.app_id).version == 4
        assert len(one.token) == 43
        assert one.token not in repr(one)
        row = await stored_key(engine, one.key.app_id)
        assert row["token_digest"] == hashlib.sha256(one.token.encode()).digest()
        assert one.token not in str(dict(row))


async def test_rotation_replaces_the_token_of_the_same_key(engine: Engine) -> None:
    clock = MovingClock(engine.clock)
    engine = replace(engine, clock=clock)
    project, first = await access.create_project(engine, "Shop")
    clock.move(5)
    rotated = await access.rotate_key(engine, first.key.app_id)
    assert rotated.token != first.token
    assert rotated.key == replace(first.key, rotated_at=clock.now())
    assert (await stored_key(engine, first.key.app_id))["token_digest"] == access.digest(rotated.token)
    assert await access.list_keys(engine, project.id) == [rotated.key]


async def test_a_revoked_key_stays_revoked(engine: Engine) -> None:
    clock = MovingClock(engine.clock)
    engine = replace(engine, clock=clock)
    project, first = await access.create_project(engine, "Shop")
    revoked = await access.revoke_key(engine, first.key.app_id)
    assert revoked == replace(first.key, revoked_at=clock.now())
    clock.move(5)
    assert await access.revoke_key(engine, first.key.app_id) == revoked
    with pytest.raises(Refusal, match="Cannot find key with id"):
        await access.rotate_key(engine, first.key.app_id)
    assert await access.list_keys(engine, project.id) == [revoked]


async def test_what_does_not_exist_is_not_found(engine: Engine) -> None:
    for attempt in (
        access.get_project(engine, "proj_0"),
        access.list_keys(engine, "proj_0"),
        access.create_key(engine, "proj_0", "Till", Role.ADMIN),
        access.rotate_key(engine, str(uuid.uuid4())),
        access.revoke_key(engine, str(uuid.uuid4())),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.reason is Reason.NOT_FOUND


async def test_keys_are_listed_oldest_first_and_by_project(engine: Engine) -> None:
    clock = MovingClock(engine.clock)
    engine = replace(engine, clock=clock)
    project, first = await access.create_project(engine, "Shop")
    other, _ = await access.create_project(engine, "Other")
    made = [first.key]
    for name in ("b", "a", "c"):
        clock.move(1)
        made.append((await access.create_key(engine, project.id, name, Role.ADMIN)).key)
        await access.create_key(engine, other.id, name, Role.ADMIN)
    assert await access.list_keys(engine, project.id) == made


async def test_all_who_ask_at_once_get_the_same_secret(engine: Engine) -> None:
    purpose = f"test {uuid.uuid4()}"
    found = await asyncio.gather(*(access.ensure_secret(engine, purpose) for _ in range(16)))
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    assert await access.ensure_secret(engine, f"{purpose} other") != found[0]
