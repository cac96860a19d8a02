"""The page of `diff --format html`: as a file, and in a browser where Chromium is installed."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdkpress.diffing.changes import Change, Place, Report
from sdkpress.diffing.reports import html
from tests.diffing.sample_reports import NEW, OLD, report, with_callers
from tests.diffing.test_reports import hostile, many, nothing

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

ATTACK = "</script><script>window.hurt=1</script><img src=x onerror='window.hurt=1'>"
VOID = {"meta", "link", "input", "col", "br", "img"}


def page(made: Report) -> str:
    return html(made, {"old.yaml": OLD}, {"new.yaml": NEW})


def attacked() -> Report:
    """The hostile report, with markup also in the lines of the document."""
    made = hostile()
    place = Place("old.yaml", 1, f"/{ATTACK}".replace("</", "<~1"))
    changes = tuple(
        replace(change, message=f"{change.message} {ATTACK}", old=place, new=None)
        for change in made.changes
    )
    return replace(made, changes=changes, callers=None)


def attacked_page() -> str:
    return html(attacked(), {"old.yaml": f"title: {ATTACK}\n--> ]]> <!--\n"}, {})


class Reader(HTMLParser):
    """The elements of a page; fails where one is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def all(self, name: str) -> list[str]:
        return [
            value for _, attrs in self.elements if (value := attrs.get(name)) is not None
        ]  # fmt: skip


PAGES = {
    "sample": lambda: page(report()),
    "callers": lambda: page(with_callers()),
    "no callers": lambda: page(replace(report(), callers=())),
    "nothing": lambda: page(nothing()),
    "hostile": attacked_page,
    "many": lambda: page(many(40)),
    "no texts": lambda: html(with_callers(), {}, {}),
}


@pytest.fixture(params=PAGES)
def any_page(request: pytest.FixtureRequest) -> str:
    made: str = PAGES[request.param]()
    return made


def test_the_page_is_whole_and_needs_nothing_else(any_page: str) -> None:
    reader = Reader(any_page)
    ids = reader.all("id")
    assert len(ids) == len(set(ids))
    for link in reader.all("href"):
        assert link == "data:," or (link.startswith("#") and link[1:] in ids)
    for name in ("aria-labelledby", "for"):
        assert set(reader.all(name)) <= set(ids)
    for _, attrs in reader.elements:
        assert not {"src", "srcset", "style", "action"} & attrs.keys()
        assert not any(name.startswith("on") for name in attrs)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", any_page)


def test_the_policy_admits_this_style_and_this_script_alone(any_page: str) -> None:
    reader = Reader(any_page)
    (policy,) = (
        attrs["content"] or ""
        for tag, attrs in reader.elements
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for rule, tag in (("style-src", "style"), ("script-src", "script")):
        assert sum(name == tag for name, _ in reader.elements) == 1
        digest = hashlib.sha256("".join(reader.texts[tag]).encode()).digest()
        assert rules[rule] == f"'sha256-{base64.b64encode(digest).decode()}'"


def test_text_of_a_document_stays_text() -> None:
    made = attacked_page()
    reader = Reader(made)
    assert not {"img", "iframe", "b"} & {tag for tag, _ in reader.elements}
    shown = "".join(text for texts in reader.texts.values() for text in texts)
    assert ATTACK in shown
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", made)
    # Whatever a report says, style and script are the same.
    assert re.findall(r"<script>.*?</script>", made, re.DOTALL) == (
        re.findall(r"<script>.*?</script>", page(report()), re.DOTALL)
    )


def test_the_page_says_what_the_report_says() -> None:
    reader = Reader(page(with_callers()))
    shown = " ".join(" ".join(t for texts in reader.texts.values() for t in texts).split())
    for part in (
        "minor bump",
        "0.1.0 → 0.2.0",
        "request-parameter-max-length-decreased",
        "client.pets.list(limit=...)",
        "../app/app/jobs.py",
        "pets = client.pets.list(limit=3)",
        "cause: overlay",
        "DELETE /pets",
        "GET /shops",
        "runtime, typing",
    ):
        assert part in shown
    axes = [attrs["data-axes"] for _, attrs in reader.elements if "data-axes" in attrs]
    assert sorted(filter(None, axes)) == sorted(
        ["wire"] * 3 + ["runtime typing"] * 3 + ["typing", "runtime"]
    )


def test_entries_at_one_place_share_its_lines() -> None:
    made = page(report())
    assert made.count("operationId: purgePets") == 1
    assert made.count("python-operation-removed") == 1
    assert made.count("api-removed-without-deprecation") == 1


def test_thousands_of_changes_keep_their_places_and_share_a_bound_of_lines() -> None:
    text = "\n".join(f"line{number}:\n" + "  x: 1\n" * 30 for number in range(3000))
    changes = tuple(
        Change("x-added", "wire", "breaking", "m", "s", old=Place("o", 1 + 32 * n, f"/{n}"))
        for n in range(3000)
    )
    made = html(report(changes), {"o": text}, {})
    assert made.count("<tr") < 15_000
    assert made.count("this page shows enough of them") > 1000
    assert made.count("</article>") == 3000
    assert "o:95969" in made


def test_what_is_left_out_is_said_also_where_the_bound_is_met_exactly() -> None:
    text = "\n".join(f"line{number}:\n  x: 1\n  y: 2\n  z: 3" for number in range(1602))
    changes = tuple(  # of 8 rows each: with what is around a node
        Change("x-added", "wire", "breaking", "m", "s", old=Place("o", 1 + 4 * n, f"/{n}"))
        for n in range(1, 1601)
    )
    made = html(report(changes), {"o": text}, {})
    shown = made.count('<table class="lines">')
    assert shown == 1500 == 1600 - made.count("this page shows enough of them")


def test_the_bytes_do_not_depend_on_the_process(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from tests.diffing.test_html import page, with_callers\n"
        "sys.stdout.buffer.write(page(with_callers()).encode())\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    made = []
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": root}
        command = [sys.executable, "-c", code]
        made.append(subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True))
    assert made[0].stdout == made[1].stdout == page(with_callers()).encode()


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    """Chromium without a window; its profile is new and goes with it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    chromedriver = shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = chromium
    for switch in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "disable-dev-shm-usage",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
    ):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        driver = Chrome(options, Service(chromedriver))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def visit(browser: WebDriver, tmp_path: Path) -> Iterator[Any]:
    """Opens a page at a width; afterwards the console must be empty."""

    def open_page(text: str, width: int = 1280, fragment: str = "", **features: str) -> WebDriver:
        file = tmp_path / "diff.html"
        file.write_text(text, encoding="utf-8")
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        media = [{"name": name.replace("_", "-"), "value": v} for name, v in features.items()]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
        browser.get(f"{file.as_uri()}{fragment}")
        return browser

    yield open_page
    problems = browser.get_log("browser")
    browser.get("about:blank")
    assert problems == []


def shown(driver: WebDriver) -> set[str]:
    """The ids of the changes that can be seen."""
    found: list[str] = driver.execute_script(
        "return [...document.querySelectorAll('.item')].filter(item => item.checkVisibility())"
        ".map(item => item.querySelector('.id').textContent)"
    )
    return set(found)


def settle(driver: WebDriver) -> None:
    """Wait until what the page has put off is done."""
    driver.execute_async_script("setTimeout(arguments[0], 40)")


def press(driver: WebDriver, selector: str) -> None:
    driver.find_element("css selector", selector).click()
    settle(driver)


def write(driver: WebDriver, words: str) -> None:
    field = driver.find_element("name", "text")
    field.clear()
    field.send_keys(words)
    settle(driver)


def test_a_browser_loads_the_page_and_nothing_else(visit: Any) -> None:
    driver = visit(page(with_callers()))
    assert driver.title == "pets_client: minor bump, 0.1.0 → 0.2.0"
    assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert len(shown(driver)) == 8
    assert driver.find_element("id", "shown").text == "8 of 8 shown"


def test_filters_by_severity_axis_callers_and_text(visit: Any) -> None:
    driver = visit(page(with_callers()))
    press(driver, "[value=breaking]")
    assert shown(driver) == {
        "request-parameter-removed",
        "python-docstring-changed",
        "python-parameter-added",
    }
    assert driver.find_element("id", "shown").text == "3 of 8 shown"
    press(driver, "[value=wire]")
    assert shown(driver) == {"python-docstring-changed", "python-parameter-added"}
    press(driver, "[value=runtime]")
    assert shown(driver) == {"python-parameter-added"}
    press(driver, "[value=typing]")
    assert shown(driver) == set()
    press(driver, "#all")
    assert len(shown(driver)) == 8
    press(driver, "[name=calls]")
    assert shown(driver) == {"python-parameter-removed", "python-field-type-changed"}
    press(driver, "[name=calls]")
    write(driver, "PETS.LIST cursor")
    assert shown(driver) == {"python-parameter-added"}
    write(driver, "no such thing")
    assert shown(driver) == set()
    assert driver.find_elements("css selector", "section.severity:not([hidden])") == []


def test_keys_alone_are_enough(visit: Any) -> None:
    from selenium.webdriver import ActionChains, Keys

    driver = visit(page(with_callers()))
    ActionChains(driver).send_keys(Keys.TAB).perform()
    assert driver.switch_to.active_element.text == "Skip to the changes"
    for _ in range(40):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        if driver.switch_to.active_element.get_attribute("value") == "breaking":
            break
    ActionChains(driver).send_keys(" ").perform()
    settle(driver)
    assert driver.find_element("id", "shown").text == "3 of 8 shown"


def test_a_link_to_a_hidden_change_shows_it(visit: Any) -> None:
    driver = visit(page(with_callers()))
    press(driver, "[value=breaking]")
    link = driver.find_element("link text", "models.Pet.name")
    anchor = link.get_attribute("href").partition("#")[2]
    link.click()
    settle(driver)
    target = driver.find_element("id", anchor)
    assert target.is_displayed()
    assert driver.switch_to.active_element == target
    back = target.find_element("css selector", ".calls a")
    call = back.get_attribute("href").partition("#")[2]
    assert "print(pet.name.upper())" in driver.find_element("id", call).text


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("made", ["callers", "hostile"])
def test_nothing_is_wider_than_the_window(visit: Any, made: str, width: int) -> None:
    driver = visit(PAGES[made](), width=width)
    script = "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    scrolled, visible = driver.execute_script(script)
    assert scrolled == visible <= width
    cut = driver.execute_script(
        "return [...document.querySelectorAll('main *')].filter(e => e.checkVisibility()"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
    )
    assert cut == []


def test_a_document_runs_nothing_in_the_browser(visit: Any) -> None:
    driver = visit(attacked_page())
    assert driver.execute_script("return window.hurt") is None
    assert driver.execute_script("return document.scripts.length") == 1
    assert ATTACK in driver.find_element("tag name", "main").get_attribute("textContent")
    write(driver, "<script>alert(1)</script>")
    assert len(shown(driver)) == 2


CONTRASTS = """
const channels = (color) => color.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = channels(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const hasText = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (!hasText || element.matches("script") || !element.checkVisibility()) continue;
  const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) found.push([element.outerHTML.slice(0, 80), ratio]);
}
return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(visit: Any, scheme: str) -> None:
    driver = visit(page(with_callers()), prefers_color_scheme=scheme)
    script = "return getComputedStyle(document.body).backgroundColor"
    assert (driver.execute_script(script) == "rgb(255, 255, 255)") is (scheme == "light")
    assert driver.execute_script(CONTRASTS) == []


def test_the_switch_goes_through_system_light_and_dark(visit: Any) -> None:
    driver = visit(page(report()), prefers_color_scheme="dark")
    script = "return getComputedStyle(document.body).backgroundColor"
    dark = driver.execute_script(script)
    seen = []
    for _ in range(3):
        driver.find_element("id", "theme").click()
        seen.append((driver.find_element("id", "theme").text, driver.execute_script(script)))
    white = "rgb(255, 255, 255)"
    assert seen == [("Theme: light", white), ("Theme: dark", dark), ("Theme: system", dark)]
    assert dark != white


def test_without_scripts_everything_is_there(visit: Any, browser: WebDriver) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        driver = visit(page(with_callers()))
        assert len(shown(driver)) == 8
        assert not driver.find_element("id", "filter").is_displayed()
        assert not driver.find_element("id", "theme").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
