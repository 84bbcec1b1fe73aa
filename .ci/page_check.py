#!/usr/bin/env python3
"""Uses the page of a running server of CartPole's policies in a browser, as a person would.

    pip install playwright==1.65.2
    python .ci/page_check.py http://127.0.0.1:8080 [--token-url http://127.0.0.1:8081 --token T]

Needs Chromium: the one that MOBULA_CHROMIUM names, or chromium on PATH. With --pictures FOLDER it
leaves pictures of the page there.
"""

import argparse
import os
import pathlib
import re
import shutil
import threading
import urllib.request

from playwright.sync_api import expect, sync_playwright


def browser_path():
    path = os.environ.get("MOBULA_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        raise SystemExit("there is no Chromium; install it (apt-get install chromium) or set MOBULA_CHROMIUM")
    return path


def traffic(url, requests=300):
    body = b'{"observation": [0, 0, 0.1, 0]}'
    for _ in range(requests):
        ask = urllib.request.Request(url + "/v1/policies/cartpole/act", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(ask).read()


def opened(browser, url, unexpected, **options):
    page = browser.new_context(**options).new_page()
    page.on("console", lambda said: unexpected.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: unexpected.append(str(error)))
    page.goto(url)
    return page


def check_page(browser, url, pictures):
    unexpected = []
    page = opened(browser, url, unexpected, viewport={"width": 1280, "height": 900})
    expect(page.locator("#state")).to_have_text("ready")
    expect(page.locator("#models tr")).to_have_count(1)
    expect(page.locator("#models td").first).to_have_text("cartpole")
    expect(page.locator("#fields input")).to_have_count(4)

    sender = threading.Thread(target=traffic, args=(url,))
    sender.start()
    expect(page.locator("#rate")).to_have_text(re.compile(r"[1-9].*/s"), timeout=15_000)
    expect(page.locator("#p50")).to_have_text(re.compile(r"[1-9]"), timeout=15_000)
    page.wait_for_selector("#rate-chart path.first", state="attached")
    page.wait_for_selector("#latency-chart path.second", state="attached")
    sender.join()

    page.locator("#fields input").nth(2).fill("0.2")  # the pole falls to the right, and fast
    page.locator("#fields input").nth(3).fill("2")
    page.click("#act")
    expect(page.locator("#action")).to_have_text("1")
    expect(page.locator("#facts")).to_contain_text("log-probability")
    expect(page.locator("#facts")).to_contain_text("ms")
    if pictures:
        picture(page, pictures / "desktop.png")
    assert not unexpected, unexpected

    page.locator("#fields input").nth(0).fill("left")
    page.click("#act")
    expect(page.locator("#error")).to_contain_text('"left"')
    # The browser itself reports the 400; nothing else may be wrong.
    assert all("400" in text for text in unexpected), unexpected


def check_looks(browser, url, pictures):
    for name, options in {
        "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
        "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
    }.items():
        unexpected = []
        page = opened(browser, url, unexpected, **options)
        expect(page.locator("#fields input")).to_have_count(4)
        page.click("#act")
        expect(page.locator("#answer")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name + " is too wide"
        assert not unexpected, unexpected
        if pictures:
            traffic(url)
            page.wait_for_timeout(2500)
            picture(page, pictures / (name + ".png"))


def picture(page, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(path), full_page=True)


def check_token(browser, url, token):
    unexpected = []
    page = opened(browser, url, unexpected)
    expect(page.locator("#token")).to_be_visible()
    page.fill("#secret", "not-the-token-0123456789")
    page.click("#token button")
    expect(page.locator("#trouble")).to_have_text("The token is not one of the server's.")
    page.fill("#secret", token)
    page.click("#token button")
    expect(page.locator("#state")).to_have_text("ready")
    expect(page.locator("#token")).to_be_hidden()
    expect(page.locator("#fields input")).to_have_count(4)
    page.click("#act")
    expect(page.locator("#answer")).to_be_visible()
    assert all("401" in text for text in unexpected), unexpected
    assert token not in page.url and page.evaluate("localStorage.length") == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("url")
    parser.add_argument("--token-url")
    parser.add_argument("--token")
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        check_page(chromium, arguments.url, arguments.pictures)
        check_looks(chromium, arguments.url, arguments.pictures)
        if arguments.token_url:
            check_token(chromium, arguments.token_url, arguments.token)
        chromium.close()
    print("the page does what it should")
