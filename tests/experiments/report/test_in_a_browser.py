"""The page in a real browser: it asks for nothing, and its films play."""

import http.server
import queue
import re
import shutil
import subprocess
import threading

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--autoplay-policy=no-user-gesture-required", "--dump-dom"),
)
WATCH = """
<script>
const films = [...document.querySelectorAll("video")];
const played = films.map(film => new Promise((done, failed) => {
  film.addEventListener("ended", done);
  film.addEventListener("error", failed);
  film.loop = false;
  film.playbackRate = 4;
  film.play();
}));
const told = film =>
  [film.ended, film.duration.toFixed(2), film.videoWidth, film.videoHeight].join("/");
Promise.all(played).then(() => films.map(told).join(" "), () => "a film failed")
  .then(words => fetch("/told", { method: "POST", body: words }));
</script>
"""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="There is no Chromium here (Debian's package is chromium)."
)


def opened(path, tmp_path):
    """Returns the page's elements after it ran, and what the browser said."""
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [CHROMIUM, *OPTIONS, profile, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stdout, done.stderr


def test_the_page_is_shown_and_breaks_no_promise(debug_page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(debug_page)
    elements, said = opened(path, tmp_path)
    assert elements.count("<section") == 8
    assert "CONSOLE" not in said  # where the content security policy would complain


def test_the_policy_stops_scripts_and_requests(debug_page, tmp_path):
    """What the first test would see, if it were there to be seen."""
    path = tmp_path / "report.html"
    bad = "<script>document.title = 'ran'</script><img src='http://127.0.0.1:9/x.png'>"
    path.write_text(debug_page.replace("</main>", f"{bad}</main>"))
    elements, said = opened(path, tmp_path)
    assert "<title>ran" not in elements
    assert said.count("CONSOLE") >= 2


class Page(http.server.BaseHTTPRequestHandler):
    """Gives out one page, and takes what its script tells."""

    content, told = b"", queue.Queue()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.content)

    def do_POST(self):
        self.told.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def told(tmp_path):
    """Returns a function that opens a page and returns what its script tells."""

    def tell(page):
        handler = type("OnePage", (Page,), {"content": page.encode(), "told": queue.Queue()})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = [one for one in OPTIONS if one != "--dump-dom"]
        options += [f"--user-data-dir={tmp_path / 'profile'}", "--remote-debugging-port=0"]
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        quiet = subprocess.DEVNULL
        browser = subprocess.Popen([CHROMIUM, *options, address], stdout=quiet, stderr=quiet)
        try:
            return handler.told.get(timeout=200)
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()
            server.server_close()

    return tell


def test_the_films_play_to_their_end(debug_page, told):
    """With the policy taken out, so that a script may watch them."""
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", debug_page)
    films = told(without.replace("</body>", f"{WATCH}</body>")).split()
    assert films[-1] == "true/2.50/480/360"
    assert set(films[:-1]) == {"true/1.50/486/180"}
