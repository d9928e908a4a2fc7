"""The page in a real browser: it asks for nothing, and its films play."""

import re
import shutil
import subprocess

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
for (const film of films) film.loop = false;
films.forEach(film => film.addEventListener("ended", () => film.dataset.ended = "yes"));
films.forEach(film => { film.playbackRate = 4; film.play(); });
Promise.all(films.map(film => new Promise(done => film.addEventListener("ended", done))))
  .then(() => document.title = films.map(
    film => [film.readyState, film.duration.toFixed(2), film.videoWidth, film.videoHeight].join("/")
  ).join(" "));
</script>
"""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="There is no Chromium here (Debian's package is chromium)."
)


def opened(path, tmp_path, *options):
    """Returns the page's elements after it ran, and what the browser said."""
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [CHROMIUM, *OPTIONS, profile, *options, path.as_uri()]
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


def test_the_films_play_to_their_end(debug_page, tmp_path):
    """With the policy taken out, so that a script may watch them."""
    path = tmp_path / "watched.html"
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", debug_page)
    path.write_text(without.replace("</body>", f"{WATCH}</body>"))
    elements, _ = opened(path, tmp_path, "--timeout=15000", "--virtual-time-budget=15000")
    title = re.search(r"<title>([^<]*)</title>", elements)
    assert title is not None
    films = title[1].split()
    assert films[-1] == "4/2.50/480/360"
    assert set(films[:-1]) == {"4/1.50/486/180"}
