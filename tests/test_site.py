"""The documentation site: built strictly, and looked at in a browser where Chromium is installed."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import REPOSITORY, run

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

BUILD = REPOSITORY / "docs" / "site" / "build.py"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "site"
    run([sys.executable, BUILD, out], cwd=REPOSITORY)
    return out


# ---------------------------------------------------------------------------------------- the build


class Reader(HTMLParser):
    """What a page refers to, and what of it can be referred to."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and found.get("rel", "") in (
            "stylesheet",
            "icon",
            "preload",
            "preconnect",
        ):
            self.loaded.append(found["href"])
        if "src" in found:
            self.loaded.append(found["src"])


def test_every_link_and_anchor_of_the_built_pages_leads_somewhere(site: Path) -> None:
    pages = {path: Reader(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > 50
    broken: list[str] = []
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or link.startswith("//"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            other = pages.get(target)
            if not target.is_file():
                broken.append(f"{path.name}: {link}")
            elif parts.fragment and other and unquote(parts.fragment) not in other.ids:
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_pages_load_nothing_from_other_hosts_and_say_nothing_of_the_machine(site: Path) -> None:
    for path in site.rglob("*"):
        if path.suffix not in (".html", ".css", ".js"):
            continue
        text = path.read_text(encoding="utf-8")
        assert str(REPOSITORY) not in text
        if path.suffix == ".html":
            assert [one for one in Reader(text).loaded if urlsplit(one).netloc] == [], path.name
        if path.suffix == ".css":
            assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", text), path.name


def test_every_page_of_docs_is_on_the_site_and_in_its_navigation(site: Path) -> None:
    navigation = Reader((site / "index.html").read_text(encoding="utf-8")).links
    for page in sorted((REPOSITORY / "docs").rglob("*.md")):
        name = page.relative_to(REPOSITORY / "docs").with_suffix(".html").as_posix()
        name = name.replace("README", "readme")
        assert (site / name).is_file(), name
        assert name in (*navigation, "index.html") or name.startswith("decisions/"), name


def test_the_page_of_schemas_has_every_schema() -> None:
    text = (REPOSITORY / "docs" / "schemas.md").read_text(encoding="utf-8")
    files = sorted(path.name for path in (REPOSITORY / "docs" / "schemas").glob("*.json"))
    assert files
    assert re.findall(r"\[([a-z.-]+)\]\(schemas/\1\)", text) == files
    for file in files:
        schema = json.loads((REPOSITORY / "docs" / "schemas" / file).read_text(encoding="utf-8"))
        (command,) = re.findall(rf"`(sdkpress [a-z ]+) --format json` \| \[{file}", text)
        assert command in schema["title"]


FRONT = "# sdkpress\n\n## Start\n\n- [A page](page.md)\n"
FAULTS = {
    "dead link": (
        {"docs/page.md": "# A\n\n[x](gone.md)\n"},
        "docs/page.md:3: gone.md: is not there",
    ),
    "dead link to a file": (
        {"docs/page.md": "# A\n\n[`x`](../gone.py)\n"},
        "docs/page.md:3: ../gone.py: is not there",
    ),
    "dead anchor, unlisted page": (
        {"docs/page.md": "# A\n\n[x](index.md#gone)\n", "docs/lost.md": "# Lost\n"},
        "(?s)lost.md: WARNING: .*t included in any toctree.*page.md:3: WARNING: .*gone",
    ),
    "outside": ({"docs/page.md": "# A\n\n[x](../../x.md)\n"}, "is outside of the repository"),
    "a folder": ({"docs/page.md": "# A\n\n[x](../docs)\n"}, "is a folder"),
    "no image": ({"docs/page.md": "# A\n\n![x](gone.png)\n"}, "gone.png: is not there"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_the_build_and_leaves_the_site_that_was_there(
    fault: str, tmp_path: Path
) -> None:
    files, message = FAULTS[fault]
    (tmp_path / "docs").mkdir()
    for name, text in {"docs/index.md": FRONT, "docs/page.md": "# A\n", **files}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    site = tmp_path / "site"
    site.mkdir()
    (site / "searchindex.js").write_text("before", encoding="utf-8")
    done = run(
        [sys.executable, BUILD, "--repository", tmp_path, site],
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert re.search(message, done.stderr), done.stderr
    assert [path.name for path in site.iterdir()] == ["searchindex.js"]


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = run([sys.executable, BUILD, tmp_path], cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "has other files in it" in done.stderr
    assert (tmp_path / "mine.txt").is_file()


def test_the_same_pages_are_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for number, zone in enumerate(("UTC", "Pacific/Auckland")):
        repository = tmp_path / str(number)
        (repository / "docs").mkdir(parents=True)
        page = "# A\n\n## B\n\n```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| [x](#b) | `c` |\n"
        for name, text in {"docs/index.md": FRONT, "docs/page.md": page}.items():
            (repository / name).write_text(text, encoding="utf-8")
        site = repository / "site"
        command = [sys.executable, BUILD, "--repository", repository, site]
        run(command, cwd=repository, TZ=zone, PYTHONHASHSEED=str(number), LANG="C")
        files = (path for path in sorted(site.rglob("*")) if path.is_file())
        made.append({path.relative_to(site).as_posix(): path.read_bytes() for path in files})
    assert made[0].keys() == made[1].keys()
    assert [name for name in made[0] if made[0][name] != made[1][name]] == []


# ----------------------------------------------------------------------------------- in the browser


WIDE, NARROW = (1280, 900), (360, 740)


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: what fails is seen by the browser."""

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromedriver on PATH")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


BRIGHT = """
const [shot, done] = arguments, image = new Image();
image.onload = () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, image.width, image.height).data;
  let count = 0;
  for (let i = 0; i < data.length; i += 4) if (Math.min(data[i], data[i + 1], data[i + 2]) > 200) count++;
  done(count);
};
image.src = "data:image/png;base64," + shot;
"""

Open = Callable[..., "WebDriver"]


@pytest.fixture
def show(browser: WebDriver, address: str) -> Iterator[Open]:
    """Opens a page at a size and in a colour scheme; afterwards, nothing may have gone wrong."""

    def opened(page: str, size: tuple[int, int] = WIDE, scheme: str = "light") -> WebDriver:
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == NARROW},
        )
        browser.get(f"{address}/{page}")
        return browser

    browser.get_log("browser")
    browser.get_log("performance")
    yield opened
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert asked
    assert [url for url in asked if not url.startswith((f"{address}/", "data:"))] == []


LOOKED_AT = (
    "index.html",
    "why.html",
    "configuration.html",
    "guides/streaming.html",
    "supported.html",
)
CONTRAST = """
const light = (text) => {
  const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(Number).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const color = getComputedStyle(one).backgroundColor;
    if (!/, 0\\)$/.test(color)) return color;
  }
  return "rgb(255, 255, 255)";
};
const poor = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
  if (element.closest("style, script, svg, .headerlink, .visually-hidden")) continue;
  const style = getComputedStyle(element);
  const [one, other] = [light(style.color), light(ground(element))].sort((a, b) => b - a);
  const needed = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
  const ratio = (one + 0.05) / (other + 0.05);
  if (ratio < needed - 0.005) {
    poor.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${walker.currentNode.data.trim().slice(0, 30)}`);
  }
}
return [...poor];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["desktop", "phone"])
def test_pages_fit_and_can_be_read(show: Open, size: tuple[int, int], scheme: str) -> None:
    for page in LOOKED_AT:
        driver = show(page, size, scheme)
        width = driver.execute_script("return document.documentElement.scrollWidth")
        assert width <= size[0], page
        assert driver.execute_script(CONTRAST) == [], page


def test_the_search_finds_guides_first(show: Open) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    driver = show("index.html")
    box = driver.find_element(By.CSS_SELECTOR, ".sidebar-search")
    box.send_keys("stream", Keys.ENTER)
    links = ".search li a"
    WebDriverWait(driver, 20).until(lambda d: d.find_elements(By.CSS_SELECTOR, links))
    WebDriverWait(driver, 20).until(
        lambda d: "found" in d.find_element(By.CSS_SELECTOR, ".search-summary").text
    )
    found = [
        one.get_attribute("href") or "" for one in driver.find_elements(By.CSS_SELECTOR, links)
    ]
    assert any("guides/streaming.html" in link for link in found[:3])


def test_the_keyboard_reaches_everything(show: Open) -> None:
    """Tab leads to the way past the navigation, to the search and on; arrows turn pages."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    driver = show("guides/streaming.html")

    def focused() -> tuple[str, str, str]:
        return tuple(  # type: ignore[return-value]
            driver.execute_script(
                "const e = document.activeElement, s = getComputedStyle(e);"
                "return [e.tagName, e.getAttribute('href') || e.className, s.outlineStyle]"
            )
        )

    met = []
    for _ in range(4):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        met.append(focused())
    assert met[0][1] == "#furo-main-content"
    assert any("sidebar-search" in where for _, where, _ in met)
    assert all(outline != "none" for tag, _, outline in met if tag == "A")
    driver.execute_script("document.activeElement.blur()")
    ActionChains(driver).send_keys(Keys.ARROW_RIGHT).perform()
    WebDriverWait(driver, 20).until(lambda d: "guides/errors-and-retries.html" in d.current_url)


def test_the_switch_of_light_and_dark_is_also_the_charts(show: Open) -> None:
    from selenium.webdriver.common.by import By

    def bright() -> int:
        """How many pixels of the chart are as bright as the ink of a dark page."""
        chart = driver.find_element(By.CSS_SELECTOR, "article p > img")
        count: int = driver.execute_async_script(BRIGHT, chart.screenshot_as_base64)
        return count

    driver = show("index.html", scheme="light")
    button = driver.find_element(By.CSS_SELECTOR, ".content-icon-container .theme-toggle")
    counted = {}
    for _ in range(3):
        button.click()
        counted[driver.execute_script("return document.body.dataset.theme")] = bright()
    driver.execute_script("localStorage.clear()")
    assert counted["light"] > 50_000  # a white page
    assert 100 < counted["dark"] < 20_000  # white letters


def test_the_search_also_works_without_a_server(browser: WebDriver, site: Path) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{(site / 'search.html').as_uri()}?q=overlay")
    WebDriverWait(browser, 20).until(lambda d: d.find_elements(By.CSS_SELECTOR, ".search li a"))
    browser.get("about:blank")
    browser.get_log("browser")
