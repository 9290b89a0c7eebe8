"""The page in a real Chromium: no error, nothing obeyed, and usable by keyboard, at all widths, light and dark.

`PAGE_PICTURES=FOLDER` keeps the screenshots, to be looked at.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import needs
import page_build
import pytest

pytestmark = pytest.mark.nightly
WIDTHS = (380, 800, 1600)


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator:
    needs.program("chromedriver")
    needs.program("chromium")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    profile = tmp_path_factory.mktemp("profile")
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """Pages of the same build with plain names and with hostile ones."""
    with pytest.MonkeyPatch.context() as patch:
        found = {}
        for kind, names in (("plain", [f"res{n}a" for n in range(19)]), ("hostile", list(page_build.HOSTILE))):
            folder = tmp_path_factory.mktemp(kind)
            patch.setenv("XDG_DATA_HOME", str(folder / "data"))
            patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
            found[kind] = page_build.make(folder / "checkout", names)
        return found


def show(browser, path: Path, width: int = 1000, theme: str = "light") -> None:
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    )
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(path.as_uri())


def said(browser) -> list[str]:
    return [line["message"] for line in browser.get_log("browser")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["plain", "hostile"])
def test_it_shows_without_an_error_and_within_its_width(browser, pages, kind: str, width: int, theme: str) -> None:
    show(browser, pages[kind], width, theme)
    assert said(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[theme]
    if folder := os.environ.get("PAGE_PICTURES"):
        height = min(browser.execute_script("return document.documentElement.scrollHeight"), 8000)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.save_screenshot(str(Path(folder) / f"{kind}-{theme}-{width}.png"))


def test_hostile_names_are_text(browser, pages) -> None:
    show(browser, pages["hostile"])
    assert browser.execute_script("return window.hacked === undefined")
    assert browser.execute_script("return document.querySelectorAll('img, iframe').length") == 0
    assert browser.execute_script("return document.scripts.length") == 2
    heads = browser.execute_script(
        "return Array.from(document.querySelectorAll('#blocks tbody th'), e => e.textContent)"
    )
    assert heads[:6] == list(page_build.HOSTILE[:6])
    carried = browser.execute_script("return JSON.parse(document.getElementById('data').textContent).report.blocks")
    assert [block["block"] for block in carried] == list(page_build.HOSTILE)


def test_nothing_is_fetched_even_if_a_script_tries(browser, pages) -> None:
    show(browser, pages["plain"])
    # The policy refuses it, whoever asks.
    answer = browser.execute_async_script(
        "const done = arguments[0]; fetch('data:text/plain,x').then(() => done('fetched'), (error) => done('refused'));"
    )
    assert answer == "refused"
    assert any("Content Security Policy" in line for line in said(browser))


def column(browser, table: str, number: int) -> list[str]:
    code = "return Array.from(document.querySelectorAll(arguments[0]), e => e.textContent.trim())"
    return browser.execute_script(code, f"#{table} tbody tr:not([hidden]) > :nth-child({number})")


def test_sorting_and_filtering_by_keyboard(browser, pages) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    show(browser, pages["plain"])
    button = browser.find_elements(By.CSS_SELECTOR, "#blocks .sort")[3]
    for _ in range(2):
        button.send_keys(Keys.ENTER)
    cycles = [int(text.strip("~").replace(",", "")) for text in column(browser, "blocks", 4)]
    assert cycles == sorted(cycles, reverse=True)
    assert len(set(cycles)) == 19
    head = browser.find_elements(By.CSS_SELECTOR, "#blocks thead th")[3]
    assert head.get_attribute("aria-sort") == "descending"
    # "-" is no value: it stays last in both directions.
    browser.find_element(By.ID, "blocks-filter").send_keys("res1a")
    assert column(browser, "blocks", 1) == ["res1a"]
    assert "1 of 19" in browser.find_element(By.CSS_SELECTOR, "#tables .count").text
    assert said(browser) == []


def test_the_order_of_the_keyboard_is_that_of_the_page(browser, pages) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    show(browser, pages["plain"])
    places = []
    for _ in range(12):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        code = (
            "const e = document.activeElement; return [e.textContent.trim(), e.getBoundingClientRect().top + scrollY]"
        )
        places.append(browser.execute_script(code))
    words = [text for text, _ in places]
    assert words[:8] == [
        "Skip to the report",
        "Device",
        "Pipeline",
        "Build",
        "Trends",
        "Gates",
        "Tables",
        "Theme: system",
    ]
    tops = [top for _, top in places[1:]]
    # A button stands a few pixels above the links of its line.
    assert all(below > above - 10 for above, below in pairwise(tops))
    browser.find_element(By.ID, "theme").send_keys(Keys.ENTER, Keys.ENTER)
    assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"


def test_it_prints(browser, pages) -> None:
    show(browser, pages["plain"])
    found = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert found["data"].startswith("JVBERi0")  # %PDF-
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.execute_script("return getComputedStyle(document.querySelector('nav')).display") == "none"


@pytest.fixture(scope="module")
def axe(tmp_path_factory) -> str:
    """The script of axe-core, from the npm registry; it is fetched for this run and kept nowhere."""
    needs.program("npm")
    folder = tmp_path_factory.mktemp("axe")
    command = [
        "npm",
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(folder),
        "axe-core@4",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    script = folder / "node_modules/axe-core/axe.min.js"
    if done.returncode or not script.exists():
        pytest.skip("axe-core cannot be had from the npm registry here")
    return script.read_text("utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1600])
def test_accessibility(browser, pages, axe: str, width: int, theme: str) -> None:
    browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    try:
        show(browser, pages["plain"], width, theme)
        browser.execute_script(axe)
        found = browser.execute_async_script("const done = arguments[0]; axe.run(document).then(done)")
    finally:
        browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
    told = [
        (one["id"], node["html"][:200], node["failureSummary"]) for one in found["violations"] for node in one["nodes"]
    ]
    assert found["passes"], "axe found nothing to check"
    assert told == [], json.dumps(told[:10], indent=1)
