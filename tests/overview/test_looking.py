"""The page as a browser shows it: nothing sticks out, nothing is empty, light and dark."""

import shutil
import subprocess
import threading
from collections import Counter
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from simblock.events.tally import Tally
from simblock.overview import Fact, page
from tests.events.decisions import HOSTILE, hostile, service

pytestmark = pytest.mark.slow
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
WIDTHS = (1280, 400)
FRAME = """<!doctype html><body style="margin:0"><iframe id="f" src="{page}" width="{width}" height="900" style="border:0"></iframe>
<script>
document.getElementById("f").onload = function () {{
  const page = this.contentDocument, root = page.documentElement;
  page.querySelectorAll("details").forEach(one => one.open = {open});
  const wide = [...page.querySelectorAll("body *")].filter(one => !one.closest(".table, svg") && one.getBoundingClientRect().right > {width} + 1);
  const scrolling = [...page.querySelectorAll(".table")].filter(one => one.scrollWidth > one.clientWidth + 1);
  document.title = [root.scrollWidth, wide.length, scrolling.length, page.querySelectorAll("svg.chart rect").length,
    page.querySelectorAll("table.rows tbody tr").length].join(" ");
}};
</script></body>"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the page, and the address at which it is served."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here to look at the page with: apt-get install chromium")
    pytest.importorskip("PIL", reason="no Pillow here to look at screenshots with")
    folder = tmp_path_factory.mktemp("page")
    tally = Tally()
    for one in service(4000):
        tally.take(one)
    tally.bypassed("pass_routes", "/v1/" + "a-very-long-path/" * 8)
    html = page(tally, title="simblock: audit.jsonl", facts=[Fact("log", "/var/log/" + "simblock" * 20)])
    (folder / "page.html").write_text(html, "utf-8")
    broken = Tally()
    for one in hostile():
        broken.take(one)
    for name in HOSTILE:
        broken.bypassed(name, name)
    facts = [Fact(name, name) for name in HOSTILE]
    (folder / "hostile.html").write_text(page(broken, title=HOSTILE[2], facts=facts), "utf-8")
    (folder / "empty.html").write_text(page(Tally(), title="simblock"), "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def browse(folder, *arguments):
    own = f"--user-data-dir={folder / 'browser'}"
    command = [CHROMIUM, *FLAGS, own, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout


def measured(site, name, width, *, opened):
    folder, address = site
    frame = FRAME.format(page=name, width=width, open=str(opened).lower())
    file = folder / f"frame-{name}-{width}-{opened}.html"  # its own, for browsers keep what they fetched
    file.write_text(frame)
    dom = browse(folder, "--virtual-time-budget=4000", "--dump-dom", f"{address}/{file.name}")
    return [int(n) for n in dom.split("<title>")[1].split("</title>")[0].split()]


def picture(site, name, width, *flags):
    from PIL import Image

    folder, address = site
    file = folder / f"{name}-{width}{''.join(flags)[-1:]}.png"
    browse(folder, f"--window-size={width},1600", *flags, f"--screenshot={file}", f"{address}/{name}")
    with Image.open(file) as image:
        return image.convert("RGB").copy()


def colours(image):
    return Counter({colour: count for count, colour in image.getcolors(1 << 24)})


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "opened"])
def test_nothing_sticks_out(site, width, opened):
    whole, wide, scrolling, boxes, rows = measured(site, "page.html", width, opened=opened)
    assert whole <= width
    assert wide == 0
    assert scrolling == 0
    assert boxes > 50
    assert rows == 100  # those acted on, and the last ones


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_for_names_that_try_to_break_it(site, width):
    whole, wide, scrolling, boxes, rows = measured(site, "hostile.html", width, opened=True)
    assert (whole <= width, wide, scrolling, rows) == (True, 0, 0, 100)
    assert boxes > 5


@pytest.mark.parametrize("width", WIDTHS)
def test_an_empty_page_fits_too(site, width):
    whole, wide, *_, boxes, rows = measured(site, "empty.html", width, opened=True)
    assert (whole <= width, wide, boxes, rows) == (True, 0, 0, 0)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_drawn_with_its_charts(site, width):
    image = picture(site, "page.html", width)
    seen = colours(image)
    assert seen.most_common(1)[0][0] == (255, 255, 255)
    assert seen[255, 255, 255] < 0.97 * sum(seen.values())
    for colour in ((0x9F, 0xB8, 0xA6), (0xCC, 0x3F, 0x35), (0x9A, 0x58, 0xB0), (0xC0, 0x8A, 0x12)):
        assert seen[colour] > 100  # bars of clean, stopped, redacted and cited responses
    lower = colours(image.crop((0, image.height // 2, image.width, image.height)))
    assert len(lower) > 50  # text down to the end of the window


def test_in_the_dark_it_is_dark(site):
    seen = colours(picture(site, "page.html", 1280, "--blink-settings=preferredColorScheme=0"))
    (red, green, blue), _ = seen.most_common(1)[0]
    assert max(red, green, blue) < 60
    assert seen[0xE5, 0x59, 0x4E] > 100
