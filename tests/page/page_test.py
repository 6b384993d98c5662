#!/usr/bin/env python3
"""The page of `audit --html` in headless Chromium.

usage: page_test.py REGSWEEP DIRECTORY     exit status 77: something is missing here
"""
import http.server
import pathlib
import subprocess
import sys
import threading
import time
import unittest

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    print("page_test: skipped: python3-selenium is not installed", file=sys.stderr)
    sys.exit(77)

import hostile_store

DRIVER = "/usr/bin/chromedriver"
DATA = "JSON.parse(document.getElementById('data').textContent)"


def start_browser():
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--window-size=1280,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(DRIVER), options=options)


class InBrowser(unittest.TestCase):
    """Every test ends without a message of the browser's, a hacked page or a request."""
    regsweep = directory = browser = url = None

    @classmethod
    def write_page(cls, page):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        page = cls.directory / f"{cls.__name__}.html"
        cls.write_page(page)
        cls.url = page.as_uri()
        cls.browser = start_browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()

    def setUp(self):
        self.browser.get("about:blank")
        self.browser.get(self.url)
        self.browser.get_log("browser")

    def tearDown(self):
        self.assertEqual(self.browser.get_log("browser"), [])
        self.assertIsNone(self.js("return window.hacked ?? null"))
        self.assertEqual(self.js("return performance.getEntriesByType('resource').length"), 0)

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        """By script: what lies at its place while the page settles does not matter."""
        self.js("arguments[0].click()", self.find(selector))

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)


class Page(InBrowser):
    @classmethod
    def write_page(cls, page):
        store = cls.directory / "hostile"
        hostile_store.write(store)
        subprocess.run([cls.regsweep, "audit", "-q", store, "--html", page],
                       stdout=subprocess.DEVNULL, check=False, timeout=60)

    def labels(self):
        return self.js("return [...document.querySelectorAll('.cell')].map(cell => cell.ariaLabel)")

    def cell(self, label):
        labels = self.labels()
        for number, text in enumerate(labels):
            if text.startswith(label):
                return self.js("return document.querySelectorAll('.cell')[arguments[0]]", number)
        self.fail(f"no cell {label}: {labels}")

    def crumbs(self):
        return self.js("return [...document.querySelectorAll('#crumbs a')].map(a => a.textContent)")

    def wait_for(self, what, message=""):
        until = time.monotonic() + 5
        while not what():
            self.assertLess(time.monotonic(), until, f"{message}; at {self.crumbs()}")
            time.sleep(0.02)

    def wait_for_place(self, *names):
        self.wait_for(lambda: self.crumbs() == list(names), f"want {names}")

    def press(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def focused(self):
        return self.js("return document.activeElement.getAttribute('aria-label') || ''")

    # ---- it is all there ------------------------------------------------------------------------

    def test_everything_is_drawn(self):
        self.assertIn("regsweep", self.browser.title)
        self.assertEqual(len(self.all("#totals .card")), 6)
        for table in ("space", "repositories", "types", "blobs"):
            self.assertGreater(len(self.all(f"#{table} tbody tr")), 0, table)
            self.assertEqual(len(self.all(f"#{table} tr.total")), 1, table)
        self.assertEqual(len(self.all("#ages figure")), 2)
        self.assertGreater(len(self.all("#findings li")), 0)
        self.assertTrue(self.all("#findings code.next"))

    def test_areas_are_bytes(self):
        app = self.cell("team:").size
        orphans = self.cell("orphans").size
        self.assertGreater(app["width"] * app["height"], 3 * orphans["width"] * orphans["height"])

    def test_what_is_drawn_adds_up(self):
        for measure in ("allocated", "apparent"):
            data = self.js(f"return {DATA}.space.rows")
            blobs = sum(row["size"][f"{measure}_bytes"] for row in data
                        if row["class"] in ("tagged", "untagged", "garbage"))
            self.assertEqual(self.js(
                f"return bytesOf(makeTree({DATA}.tree).root, arguments[0])", measure), blobs)
            drawn = self.js(f"const tree = makeTree({DATA}.tree);" """
              const sum = cell => cell.inner.length ? d3.sum(cell.inner, sum) : bytesOf(cell.at, arguments[0]);
              return sum(treemap.choose(tree.root, arguments[0]));""", measure)
            self.assertEqual(drawn, blobs)

    def test_a_wide_namespace_has_few_cells(self):
        self.browser.get(self.url + "#n/many")
        self.wait_for_place("store", "many")
        labels = self.labels()
        self.assertLessEqual(len(labels), 300)
        self.assertEqual(sum("others" in label for label in labels), 1)
        seen = {label.split(": ")[0] for label in labels}
        self.js("arguments[0].click()", self.cell("280 others"))
        self.wait_for_place("store", "many", "280 others")
        more = {label.split(": ")[0] for label in self.labels()}
        self.assertEqual(more & seen, set())
        self.cell("160 others")
        self.browser.back()
        self.wait_for_place("store", "many")

    def test_what_gets_into_the_markup_can_neither_run_nor_fetch(self):
        asked = []
        class Server(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_error(404)
        server = http.server.HTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        address = f"http://127.0.0.1:{server.server_port}/"
        self.js("""
          const script = document.createElement('script');
          script.textContent = 'window.hacked = "script"';
          document.body.append(script);
          document.body.insertAdjacentHTML('beforeend', `
            <img src="${arguments[0]}image.png" onerror="window.hacked = 'image'">
            <style>body { outline: 7px solid red }</style>
            <p id="injected" style="outline: 7px solid red" onclick="window.hacked = 'click'">x`);
          document.getElementById('injected').click();""", address)
        self.assertFalse(self.js(
            "return fetch(arguments[0]).then(() => true, () => false)", address + "fetched"))
        self.assertEqual(asked, [])
        self.js("performance.clearResourceTimings()")  # what was refused stands there, too
        for element in ("document.body", "document.getElementById('injected')"):
            self.assertNotEqual(self.js(f"return getComputedStyle({element}).outlineWidth"), "7px")
        said = [entry["message"] for entry in self.browser.get_log("browser")]
        for kind in ("inline script", "inline event handler", "inline style", "image", "connect"):
            self.assertTrue(any("Content Security Policy" in text and kind in text for text in said),
                            f"{kind} was let through: {said}")

    def test_hostile_names_are_text(self):
        self.assertEqual(self.all("main img, #map script"), [])
        self.js("location.hash = '#n/evil'")
        self.wait_for_place("store", "evil")
        self.assertIn("<script>", self.cell("evil/").text)
        self.js("arguments[0].click()", self.cell("evil/a<script>"))
        self.wait_for(lambda: len(self.crumbs()) == 3)
        self.assertIn("<img", self.find("#map").text)
        self.assertEqual(self.all("img"), [])

    def test_an_unknown_address_is_the_store(self):
        for odd in ("#n/absent", "#%", "#<script>", "#o7/n/absent", "#o99999//"):
            self.browser.get("about:blank")
            self.browser.get(self.url + odd)
            self.assertEqual(self.crumbs(), ["store"])

    # ---- going in and out -----------------------------------------------------------------------

    def test_going_in_and_back(self):
        self.cell("team:").find_element(By.CSS_SELECTOR, ".name").click()
        self.wait_for_place("store", "team")
        self.cell("team/app:").find_element(By.CSS_SELECTOR, ".name").click()
        self.wait_for_place("store", "team", "app")
        self.cell("team/app:1.2")
        self.cell("shared by its tags")
        self.browser.back()
        self.wait_for_place("store", "team")
        self.browser.back()
        self.wait_for_place("store")
        self.browser.forward()
        self.wait_for_place("store", "team")
        self.all("#crumbs a")[0].click()
        self.wait_for_place("store")

    def test_the_button_up(self):
        self.browser.get(self.url + "#r/team/app")
        self.wait_for_place("store", "team", "app")
        self.click("#crumbs button")
        self.wait_for_place("store", "team")

    def test_keys(self):
        self.js("document.querySelector('#map button').focus()")
        before = self.focused()
        self.press(Keys.ARROW_RIGHT)
        self.assertNotEqual(self.focused(), before)
        self.press(Keys.ARROW_LEFT)
        self.press(Keys.ARROW_DOWN)
        self.assertTrue(self.focused())
        self.js("arguments[0].focus()", self.cell("team:"))
        self.press(Keys.ENTER)
        self.wait_for_place("store", "team")
        self.assertTrue(self.focused(), "the map keeps the focus")
        self.press(Keys.BACKSPACE)
        self.wait_for_place("store")
        self.assertTrue(self.focused().startswith("team:"), self.focused())

    def test_a_tooltip_for_pointer_and_focus(self):
        ActionChains(self.browser).move_to_element(self.cell("orphans")).perform()
        self.wait_for(lambda: self.find("#tip").is_displayed())
        self.assertRegex(self.find("#tip").text, r"\(\d+,\d{3} B\)")
        ActionChains(self.browser).move_to_element(self.find("h1")).perform()
        self.wait_for(lambda: not self.find("#tip").is_displayed())
        self.find("#search").click()
        self.press(Keys.TAB, Keys.TAB)
        self.js("document.querySelector('#map button').focus()")
        self.press(Keys.ARROW_RIGHT)
        self.wait_for(lambda: self.find("#tip").is_displayed(), "no tooltip on focus")

    # ---- finding and sorting --------------------------------------------------------------------

    def test_search(self):
        self.press("/")
        self.assertEqual(self.js("return document.activeElement.id"), "search")
        self.press("APP:1.1")
        self.assertEqual([hit.text for hit in self.all("#hits .name")], ["team/app:1.1"])
        self.press(Keys.ENTER)
        self.wait_for_place("store", "team", "app")
        self.assertTrue(self.focused().startswith("team/app:1.1"), self.focused())

    def test_search_with_many_hits_and_none(self):
        self.press("/")
        self.press("many/r")
        self.assertEqual(len(self.all("#hits [role=option]")), 12)
        self.assertIn("more", self.find("#hits .note").text)
        self.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
        self.assertEqual(len(self.all("#hits [aria-selected=true]")), 1)
        self.press(Keys.ESCAPE)
        self.assertFalse(self.find("#hits").is_displayed())
        self.press("/")
        self.press("no such thing")
        self.assertIn("Nothing", self.find("#hits .note").text)

    def test_sorting_repositories(self):
        first = lambda: self.find("#repositories tbody td").text
        self.js("arguments[0].click()", self.all("#repositories th button")[0])
        self.assertIn("evil", first())
        self.js("arguments[0].click()", self.all("#repositories th button")[0])
        self.assertEqual(first(), "team/tool")
        self.assertEqual(len(self.all("#repositories th[aria-sort=descending]")), 1)

    def test_sizes_of_files(self):
        before = self.find("#here").text
        self.click("#measure label:last-child")
        self.assertNotEqual(self.find("#here").text, before)
        self.click("#measure label:first-of-type")
        self.assertEqual(self.find("#here").text, before)

    def test_dark_and_narrow(self):
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": 420, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        try:
            self.wait_for(lambda: self.js("return innerWidth") == 420)
            red = self.js("return getComputedStyle(document.documentElement).backgroundColor")
            self.assertLess(int(red.split("(")[1].split(",")[0]), 60)
            self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), 420)
        finally:
            self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


class PageOfTenThousandRepositories(InBrowser):
    """What is drawn stays few, whatever the store holds; nothing is left out of the sums."""
    MOST_ELEMENTS = 3000

    @classmethod
    def write_page(cls, page):
        make_store = pathlib.Path(cls.regsweep).parent / "benchmarks" / "make_store"
        if not make_store.exists():
            raise unittest.SkipTest("no benchmarks/make_store in this build")
        store = cls.directory / "large"
        subprocess.run([make_store, "--sparse", "--repos", "10000", "--tags", "1", store],
                       stdout=subprocess.DEVNULL, check=True, timeout=120)
        subprocess.run([cls.regsweep, "audit", "-q", store, "--html", page],
                       stdout=subprocess.DEVNULL, check=True, timeout=60)

    def elements(self):
        return self.js("return document.querySelectorAll('*').length")

    def test_small_ones_are_summed_up_and_found_all_the_same(self):
        self.assertEqual(self.find("#totals .card:nth-child(2) strong").text, "10,000")
        self.assertLess(self.elements(), self.MOST_ELEMENTS)
        drawn = self.js(f"const tree = makeTree({DATA}.tree);" """
          const sum = cell => cell.inner.length ? d3.sum(cell.inner, sum) : bytesOf(cell.at, 'allocated');
          return [sum(treemap.choose(tree.root, 'allocated')), bytesOf(tree.root, 'allocated')];""")
        self.assertEqual(drawn[0], drawn[1])
        self.js("document.querySelectorAll('.cell')[1].click()")
        self.assertLess(self.elements(), self.MOST_ELEMENTS)
        self.find("#search").send_keys("app")
        self.assertEqual(len(self.all("#hits [role=option]")), 12)
        self.assertLess(self.elements(), self.MOST_ELEMENTS)


class DiffPage(InBrowser):
    @classmethod
    def write_page(cls, page):
        audits = []
        for tags in (3, 9):
            store = cls.directory / f"week{tags}"
            hostile_store.write(store)
            more = hostile_store.Store(store)
            for number in range(tags):
                more.image("grows", f"v{number}", [b"%d" % number * 5000])
            if tags == 9:
                more.image("new<b>", "1", [b"n" * 7000])
            audit = cls.directory / f"week{tags}.json"
            subprocess.run([cls.regsweep, "audit", "-q", "--json", "-o", audit, store], check=False, timeout=60)
            audits.append(audit)
        subprocess.run([cls.regsweep, "diff", *audits, "--html", page],
                       stdout=subprocess.DEVNULL, check=False, timeout=60)

    def rows(self):
        return self.js("return [...document.querySelectorAll('#repositories tbody tr')].map(r => r.textContent)")

    def test_shows_what_grew_and_what_is_new(self):
        self.assertEqual(len(self.rows()), 2)
        self.assertTrue(any(row.startswith("new<b>new") for row in self.rows()), self.rows())
        self.assertEqual(self.js("return document.querySelectorAll('#growth .bar.grew').length"), 2)
        self.assertEqual(self.find("#totals .card:nth-child(4) strong").text, "+1")
        exact = self.js("return document.querySelector('#space tfoot td:last-child').title")
        self.assertRegex(exact, r"^[0-9,]+ → [0-9,]+ bytes$")

    def test_search_and_sort(self):
        self.find("body").send_keys("/")
        self.browser.switch_to.active_element.send_keys("GROW")
        self.assertEqual(len(self.rows()), 1)
        self.find("#search").clear()
        self.find("#search").send_keys("nothing has this")
        self.assertEqual(self.rows(), [])
        self.js("document.getElementById('search').value = ''")
        self.find("#search").send_keys("e")
        self.click("#repositories th:first-child button")
        self.assertTrue(self.rows()[0].startswith("new<b>"), self.rows())

    def test_sizes_of_files(self):
        before = self.find("#totals strong").text
        self.js("document.querySelector('#measure input[value=apparent]').click()")
        self.assertNotEqual(self.find("#totals strong").text, before)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if not pathlib.Path(DRIVER).exists():
        print(f"page_test: skipped: {DRIVER} is not there", file=sys.stderr)
        sys.exit(77)
    InBrowser.regsweep, InBrowser.directory = sys.argv[1], pathlib.Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1])
