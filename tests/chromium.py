"""A real Chromium for tests that look at pages: headless, and with nothing to go online for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PATHS = {
    "browser": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "driver": ("chromedriver", "chromium.chromedriver"),
}
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


@contextmanager
def browser(*, width: int = 1360, height: int = 900, dark: bool = False) -> Iterator[Any]:
    """Yield a selenium driver for a Chromium of its own, closed at the end.

    Its console and its network requests are logged: see `console` and `requests`.
    """
    program, driver_program = _found("browser"), _found("driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_program))
    try:
        resize(driver, width, height)
        color_scheme(driver, "dark" if dark else "light")
        yield driver
    finally:
        driver.quit()


def _found(kind: str) -> str:
    for name in PATHS[kind]:
        if path := shutil.which(name):
            return path
    pytest.skip(f"no Chromium {kind}: install one of {', '.join(PATHS[kind])}")


def resize(driver: Any, width: int, height: int) -> None:
    """Give the page a window of exactly this size, narrower than a desktop's if need be."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )


def color_scheme(driver: Any, scheme: str) -> None:
    """Let the reader prefer "light" or "dark", and pages that do not move by themselves."""
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def console(driver: Any) -> list[str]:
    """Return what the page has written to its console since the last call."""
    return [entry["message"] for entry in driver.get_log("browser")]


def requests(driver: Any) -> list[str]:
    """Return the addresses that the page has asked for since the last call."""
    events = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
