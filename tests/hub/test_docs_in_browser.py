"""The documentation as a reader sees it: in a real browser, from a real server."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from troth.clocks import WallClock
from troth.http.app import document
from troth.http.server import listen, serve
from troth.hub.app import pages

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-pings"]
BYTES_A_SECOND = 100_000
"""So slow that a page is drawn before all of it is there."""

SIZES = [(1440, 900), (900, 900), (390, 844), (320, 640)]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The address of a server of this module's own."""
    listener = listen("127.0.0.1", 0)
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(serve(pages(document), WallClock(), listener, stop),)
    )
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM if CHROMIUM.exists() else None, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, base: str) -> Iterator[Page]:
    """A page that may fetch from the server alone, and has nothing to complain of."""
    context = browser.new_context(base_url=base, permissions=["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: None if asked.url.startswith(base) else complaints.append(asked.url))
    yield opened
    context.close()
    assert complaints == []


def test_the_filter_leaves_what_has_all_words(page: Page) -> None:
    page.goto("/docs")
    links = page.get_by_role("main").get_by_role("listitem")
    everything = links.count()
    page.keyboard.press("/")
    page.keyboard.type("DEFINITION activate")
    expect(links).to_have_count(1)
    expect(links).to_contain_text("Activate card definition")
    expect(page.get_by_role("status")).to_have_text("1 operation")
    page.keyboard.press("Escape")
    expect(links).to_have_count(everything)
    expect(page.get_by_role("status")).to_have_text("")
    page.keyboard.type("definition activate")
    page.keyboard.press("Enter")
    expect(page).to_have_url("/docs/activateCardDefinition")
    expect(page.get_by_role("heading", level=1)).to_have_text("Activate card definition")


def test_the_filter_finds_in_the_side_list_what_is_folded_away(page: Page) -> None:
    page.goto("/docs/createMember")
    there = page.get_by_role("navigation").get_by_role("link", name="Create card definition")
    here = page.get_by_role("navigation").get_by_role("link", name="POST Create member", exact=True)
    expect(here).to_have_attribute("aria-current", "page")
    expect(there).not_to_be_visible()
    page.get_by_role("searchbox").fill("createCard")
    expect(there).to_be_visible()
    expect(here).not_to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(there).not_to_be_visible()
    expect(here).to_be_visible()


def test_properties_unfold(page: Page) -> None:
    page.goto("/docs/createCardDefinition")
    body = page.get_by_role("region", name="Body")
    charset = body.locator(".name", has_text="charset")
    expect(charset).not_to_be_visible()
    body.get_by_text("properties of code_config").click()
    expect(charset).to_be_visible()
    folded = body.locator("details:not([open])")
    body.get_by_role("button", name="Unfold all").click()
    expect(folded).to_have_count(0)
    body.get_by_role("button", name="Fold all").click()
    expect(charset).not_to_be_visible()


def test_the_request_can_be_copied(page: Page, base: str) -> None:
    page.goto("/docs/createMember")
    page.get_by_role("figure").filter(has_text="Request").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl --request POST")
    assert f"'{base}/v2/loyalties/programs/lprg_" in copied
    assert '"customer_id": "cust_' in copied


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_width_fits(page: Page, width: int, height: int, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": height})
    for path in ("/docs", "/docs/createMember", "/docs/listCardDefinitions"):
        page.goto(path, wait_until="networkidle")
        page.locator(".unfold").evaluate_all("all => all.forEach((one) => one.click())")
        expect(page.locator(".details > section:has(.unfold) details:not([open])")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((one) => one < 60)")
        assert dark == (scheme == "dark")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_moves_while_a_page_comes(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    slow = {"offline": False, "latency": 5, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    moved = """new Promise((done) => {
        const seen = new PerformanceObserver((list) => done(list.getEntries().map((one) => one.value)));
        seen.observe({type: "layout-shift", buffered: true});
        requestAnimationFrame(() => requestAnimationFrame(() => done([])));
    })"""
    for path in ("/docs", "/docs/createMember", "/docs/listCardDefinitions", "/docs/createEarningRule"):
        page.goto(path, wait_until="networkidle")
        assert page.evaluate(moved) == []
