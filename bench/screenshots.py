"""`make screenshots`: the pictures of the README, taken in Chromium of a shop that was opened for it."""

import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from .opened import ROOT, Opened, opened_shop
from .speed import pages

FOLDER = ROOT / "docs" / "screenshots"
SIZES = {"wide": (1280, 900), "phone": (390, 844)}
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    chromium = shutil.which("chromium")
    if not chromium:
        sys.exit("Chromium is missing (Debian: apt-get install chromium).")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with opened_shop() as shop, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        for size, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
            take(page, shop, size)
        browser.close()


def take(page: Page, shop: Opened, size: str) -> None:
    """One picture a page, of what is seen without scrolling."""
    for name, path in pages(shop).items():
        page.goto(shop.url + path, wait_until="networkidle")
        path = FOLDER / f"{name.replace(' ', '-')}-{size}.webp"
        save(page.screenshot(), path)
        print(path.relative_to(ROOT))


def save(png: bytes, path: Path) -> None:
    Image.open(BytesIO(png)).save(path, quality=82, method=6)


if __name__ == "__main__":
    main()
