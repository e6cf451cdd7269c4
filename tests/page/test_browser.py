"""The site in a real browser, from its files: Chromium of the system, driven by playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium -> apt-get install chromium"
)
# A machine that is busy with other tests may take its time.
expect.set_options(timeout=60_000)
VIEWS = ("index", "images/linux--a", "labs/prod--finance", "runs/dev")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Within CI everybody is root, for whom Chromium has no sandbox.
        started = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        yield started
        started.close()


class Watched:
    """A browser that notes what pages ask for, say and complain of."""

    def __init__(self, browser: Browser, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        self.context: BrowserContext = browser.new_context()
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))

    def open(self, view: str) -> Page:
        self.page.goto(f"{self.folder.as_uri()}/{view}")
        return self.page

    def check(self) -> None:
        assert not self.said
        assert {url.partition(":")[0] for url in self.asked} <= {"file", "data"}


@pytest.fixture
def site(browser: Browser, tmp_path: Path, files: dict[str, str]) -> Iterator[Watched]:
    watched = Watched(browser, tmp_path, files)
    yield watched
    watched.check()
    watched.context.close()


def test_every_view_opens_fits_a_phone_and_has_both_colours(site: Watched) -> None:
    page = site.page
    for view in VIEWS:
        grounds = set()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.set_viewport_size({"width": 360, "height": 740})
            site.open(f"{view}.html")
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            # Tables scroll in themselves, the page does not sideways.
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, view
        assert len(grounds) == 2
        page.emulate_media(media="print")
        expect(page.locator("nav")).to_be_hidden()
        page.emulate_media(media="screen")


def test_filters_have_an_address_that_shows_the_same(site: Watched) -> None:
    page = site.open("index.html")
    rows = page.locator(".matrix tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_label("Image or text").fill("CHILD")
    expect(rows.filter(visible=True)).to_have_count(1)
    expect(page.get_by_role("status")).to_contain_text("rows are shown")
    page.get_by_label("Image or text").fill("")
    page.get_by_label("Lab", exact=True).fill("fin")
    expect(page.locator(".matrix thead th").filter(visible=True)).to_have_count(2)
    page.get_by_label("State").select_option("behind")
    expect(rows.filter(visible=True)).to_have_count(2)
    address = page.url
    assert "state=behind" in address
    page.goto("about:blank")
    page.goto(address)
    expect(rows.filter(visible=True)).to_have_count(2)
    expect(page.get_by_label("Lab", exact=True)).to_have_value("fin")
    site.asked = [each for each in site.asked if not each.startswith("about:")]


def test_search_leads_from_every_view_by_keyboard_alone(site: Watched) -> None:
    page = site.open("labs/prod--finance.html")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_label("Search images").focus()
    page.keyboard.type("windows")
    page.keyboard.press("Enter")
    page.wait_for_url("**/index.html#q=windows")
    visible = page.locator(".matrix tbody tr").filter(visible=True)
    expect(visible).to_have_count(1)
    visible.get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/images/windows--b.html")
    expect(page.get_by_role("heading", level=1)).to_have_text("windows/b")


def test_the_commands_to_make_a_vm_follow_the_lab_and_are_copied(site: Watched) -> None:
    site.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = site.open("images/linux--a.html")
    page.locator("#place").select_option(label="prod / finance")
    page.get_by_role("button", name="Copy Azure CLI").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "--resource-group 'rg-finance' --lab-name 'finance'" in copied
    assert "--image 'linux-a-20261123-1'" in copied
    assert "/resourceGroups/rg-finance/" in str(page.locator("#portal").get_attribute("href"))


def test_nobodys_name_runs_anything(
    browser: Browser, tmp_path: Path, hostile: dict[str, str]
) -> None:
    site = Watched(browser, tmp_path, hostile)
    for name in hostile:
        if name.endswith(".html"):
            page = site.open(name)
            assert page.evaluate("document.scripts.length") == 1
            assert page.evaluate("document.images.length") == 0
    site.check()
    site.context.close()


def test_a_script_that_came_in_all_the_same_would_not_run(site: Watched) -> None:
    (site.folder / "bad.html").write_text(
        (site.folder / "index.html")
        .read_text("utf-8")
        .replace("</main>", "<script>alert(1)</script>")
    )
    site.open("bad.html")
    assert len(site.said) == 1
    assert "Content Security Policy" in site.said.pop()
