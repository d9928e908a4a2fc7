import re
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

from pbrl.errors import ConfigError, PbrlError
from pbrl.video import check_video_name, write_video


def grey(count, height=48, width=64):
    for i in range(count):
        yield np.full((height, width, 3), 20 + 10 * i, np.uint8)


def described(film):
    """What ffmpeg says of the film's picture stream."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(film)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60).stderr
    return re.search(r"Video: .*", said).group()


def decoded(film, height, width):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(film)]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def test_a_film_decodes_to_its_frames_in_order(tmp_path):
    film = tmp_path / "made" / "film.mp4"
    write_video(film, grey(12), fps=20.0)
    assert decoded(film, 48, 64).mean(axis=(1, 2, 3)) == pytest.approx(range(20, 140, 10), abs=3)


def test_it_is_of_the_kind_that_browsers_play(tmp_path):
    film = tmp_path / "film.mp4"
    write_video(film, grey(5), fps=12.5)
    said = described(film)
    assert "h264" in said
    assert "yuv420p" in said
    assert "12.50 fps" in said
    content = film.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # it plays while it loads


def test_odd_sides_are_made_even(tmp_path):
    write_video(tmp_path / "film.mp4", grey(3, height=47, width=63), fps=10)
    assert decoded(tmp_path / "film.mp4", 48, 64)[:, :47, :63].mean() == pytest.approx(30, abs=3)


def test_colours_are_not_swapped(tmp_path):
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    write_video(tmp_path / "film.mp4", [red] * 3, fps=10)
    assert decoded(tmp_path / "film.mp4", 48, 64)[1].mean(axis=(0, 1)) == pytest.approx(
        [200, 0, 0], abs=8
    )


def test_another_ending_is_refused_and_so_is_a_folder(tmp_path):
    with pytest.raises(ConfigError, match=r"film\.gif is not a film.*ends in \.mp4"):
        check_video_name(tmp_path / "film.gif")
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(ConfigError, match="is not a film"):
        check_video_name(tmp_path / "film.mp4")
    check_video_name(tmp_path / "FILM.MP4")


@pytest.mark.parametrize("program", ["/bin/false", "/bin/true", "/does/not/exist"])
def test_where_ffmpeg_fails_the_film_before_stays(tmp_path, monkeypatch, program):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"an earlier film")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", program)
    with pytest.raises(PbrlError, match="could not write|Could not write"):
        write_video(film, grey(5), fps=10)
    assert film.read_bytes() == b"an earlier film"
    assert list(tmp_path.iterdir()) == [film]


def test_frames_that_fail_leave_nothing_behind(tmp_path):
    def broken():
        yield from grey(3)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_video(tmp_path / "film.mp4", broken(), fps=10)
    assert not list(tmp_path.iterdir())


def test_no_frames_and_no_folder_are_sentences(tmp_path):
    with pytest.raises(PbrlError, match="not a single frame"):
        write_video(tmp_path / "film.mp4", [], fps=10)
    (tmp_path / "file").touch()
    with pytest.raises(PbrlError, match="Could not write the film"):
        write_video(tmp_path / "file" / "film.mp4", grey(3), fps=10)
