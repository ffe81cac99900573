"""A real Chromium for the tests of pages.

`DRAGOMAN_CHROMIUM` names one; else the system's is used; else, as root on Debian, it is installed.
Where there is none the test is skipped by name, or fails where CI is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=20_000)  # a page that is right on a busy machine is right


def _installed() -> str | None:
    named = os.environ.get("DRAGOMAN_CHROMIUM", "")
    for path in (named, "/usr/bin/chromium", shutil.which("chromium") or ""):
        if path and Path(path).is_file():
            return path
    return None


@cache
def chromium() -> str | None:
    """The path of a Chromium, installed if need be and permitted; None where there is none."""
    if _installed() is None and hasattr(os, "geteuid") and os.geteuid() == 0:
        apt = shutil.which("apt-get")
        if apt and not os.environ.get("DRAGOMAN_NO_INSTALL"):
            quiet = {"check": False, "capture_output": True, "timeout": 300}
            subprocess.run([apt, "update"], **quiet)  # type: ignore[call-overload]
            subprocess.run([apt, "install", "-y", "chromium"], **quiet)  # type: ignore[call-overload]
    return _installed()


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A headless browser for one test."""
    path = chromium()
    if path is None:
        reason = "no Chromium: install the chromium package or set DRAGOMAN_CHROMIUM to its path"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGS)
        try:
            yield browser
        finally:
            await browser.close()
