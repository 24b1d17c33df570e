"""Pages on screens of many widths."""


def too_wide(page, paths, widths):
    """Which of these pages, each opened on a screen of each width, would have to be pushed sideways."""
    return [(path, width) for width in widths for path in paths if not _fits(page, path, width)]


def _fits(page, path, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
