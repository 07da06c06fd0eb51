"""Pictures from strangers: every kind becomes a plain small JPEG, every bomb an error, and the process that decodes is another.

The HEIC files in ``golden/pictures`` were written once with pillow-heif 1.8.1, which is no requirement: four quarters of
red, green, blue and white; the same with EXIF orientation 6 (as ``irot``); the same with all but the red transparent.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from support import decoding
from support.decode.pool import Pool
from support.decoding import Picture, picture
from support.errors import AppError, Busy, DataError, FileRefused

GOLDEN = Path(__file__).parent / "golden" / "pictures"
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
QUARTERS = (RED, GREEN, BLUE, WHITE)
KINDS = ("PNG", "JPEG", "WEBP", "BMP")
PLAIN = {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
"""Markers of a JPEG that holds pixels only: start, JFIF, tables, frame, scan."""


@pytest.fixture(autouse=True, scope="module")
def tidy():
    yield
    decoding.close()


@pytest.fixture
def pool(monkeypatch):
    """Give a function that puts another pool in place of the product's."""
    made = []

    def put(most=1, memory_bytes=decoding.MEMORY_BYTES):
        made.append(Pool(most, memory_bytes))
        monkeypatch.setattr(decoding, "_pool", made[-1])
        return made[-1]

    yield put
    for each in made:
        each.close()


def quarters(size=(96, 64), mode="RGB"):
    image = Image.new("RGB", size)
    for index, colour in enumerate(QUARTERS):
        image.paste(colour, (index % 2 * size[0] // 2, index // 2 * size[1] // 2,
                             (index % 2 + 1) * size[0] // 2, (index // 2 + 1) * size[1] // 2))
    return image.convert(mode)


def encoded(image, kind="PNG", **options):
    out = BytesIO()
    image.save(out, kind, **{**({"quality": 95, "subsampling": 0} if kind == "JPEG" else {}),
                             **({"lossless": True} if kind == "WEBP" else {}), **options})
    return out.getvalue()


def seen(found: Picture):
    """Return the result's pixels, after checking what holds for every result."""
    image = Image.open(BytesIO(found.jpeg))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (found.width, found.height))
    assert max(image.size) <= 1024 and markers(found.jpeg) <= PLAIN
    return image


def corners(found: Picture):
    """Return which colour each quarter has: upper left, upper right, lower left, lower right."""
    image = seen(found)
    return tuple(nearest(image.getpixel((x * image.width // 4, y * image.height // 4))) for y in (1, 3) for x in (1, 3))


def nearest(pixel):
    best = min((*QUARTERS, BLACK), key=lambda colour: sum(abs(a - b) for a, b in zip(colour, pixel, strict=True)))
    assert all(abs(a - b) < 12 for a, b in zip(best, pixel, strict=True)), pixel
    return best


def markers(jpeg):
    """Return the markers of a JPEG up to its scan."""
    found, at = {jpeg[1]}, 2
    while found and jpeg[at + 1] != 0xDA:
        found.add(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2:at + 4], "big")
    return found | {0xDA}


def refused(data, kind=FileRefused) -> AppError:
    with pytest.raises(kind) as caught:
        picture(data)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


def png(width, height, *, bits=1, colour=0, rows=None):
    """Write a PNG of zeros by hand; `rows`: how many of them really follow."""
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = bytes(1 + (width * bits * {0: 1, 2: 3, 3: 1, 6: 4}[colour] + 7) // 8)
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    palette = chunk(b"PLTE", b"\0\0\0") if colour == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)) + palette \
        + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def workers():
    return [child for child in psutil.Process().children() if "support.decode.worker" in " ".join(child.cmdline())]


@pytest.mark.parametrize(("kind", "name"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("WEBP", "WebP"), ("BMP", "BMP")])
def test_every_kind_becomes_a_plain_jpeg(kind, name):
    data = encoded(quarters(), kind)
    found = picture(data)
    assert corners(found) == QUARTERS and found.format == name
    assert (found.width, found.height, found.original_width, found.original_height) == (96, 64, 96, 64)
    assert found.sha256 == hashlib.sha256(data).hexdigest()


def test_heic_as_phones_write_it():
    found = picture((GOLDEN / "quarters.heic").read_bytes())
    assert (found.format, found.width, found.height) == ("HEIC", 96, 64) and corners(found) == QUARTERS
    turned = picture((GOLDEN / "turned.heic").read_bytes())
    assert (turned.original_width, turned.original_height) == (64, 96)  # turned once, not twice
    assert corners(turned) == (BLUE, RED, WHITE, GREEN)
    assert corners(picture((GOLDEN / "alpha.heic").read_bytes())) == (RED, WHITE, WHITE, WHITE)


def test_the_same_file_gives_the_same_bytes():
    data = encoded(quarters((1500, 900)), "JPEG")
    assert picture(data) == picture(data)


@pytest.mark.parametrize(("size", "small"), [((3000, 1500), (1024, 512)), ((1000, 4001), (256, 1024)), ((30, 20), (30, 20)),
                                             ((1024, 1024), (1024, 1024)), ((1, 1), (1, 1)), ((20_000, 1), (1024, 1))])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_longest_side_is_bounded_and_nothing_is_enlarged(size, small, kind):
    found = picture(encoded(Image.new("RGB", size, BLUE), kind))
    assert (found.width, found.height) == small and (found.original_width, found.original_height) == size
    assert nearest(seen(found).getpixel((0, 0))) == BLUE


ORIENTED = {1: QUARTERS, 2: (GREEN, RED, WHITE, BLUE), 3: (WHITE, BLUE, GREEN, RED), 4: (BLUE, WHITE, RED, GREEN),
            5: (RED, BLUE, GREEN, WHITE), 6: (BLUE, RED, WHITE, GREEN), 7: (WHITE, GREEN, BLUE, RED),
            8: (GREEN, WHITE, RED, BLUE)}
"""EXIF 2.32, tag 0x0112: what the viewer sees of `quarters` stored so."""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", ORIENTED)
def test_every_orientation_is_applied(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = picture(encoded(quarters(), kind, exif=exif.tobytes()))
    assert corners(found) == ORIENTED[orientation]
    assert (found.original_width, found.original_height) == ((96, 64) if orientation < 5 else (64, 96))


def test_an_orientation_nobody_can_read_is_none():
    for exif in (b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abcd"):
        assert corners(picture(encoded(quarters(), "JPEG", exif=exif))) == QUARTERS


@pytest.mark.parametrize(("mode", "kind"), [("CMYK", "JPEG"), ("P", "PNG"), ("P", "BMP"), ("RGBA", "PNG"), ("RGBA", "WEBP")])
def test_every_mode_becomes_rgb(mode, kind):
    assert corners(picture(encoded(quarters(mode=mode), kind))) == QUARTERS


@pytest.mark.parametrize(("mode", "kind"), [("L", "PNG"), ("L", "JPEG"), ("1", "PNG"), ("1", "BMP"), ("LA", "PNG")])
def test_grey_stays_grey(mode, kind):
    image = Image.new("L", (40, 20), 0)
    image.paste(255, (0, 0, 20, 20))
    assert corners(picture(encoded(image.convert(mode), kind))) == (WHITE, BLACK, WHITE, BLACK)


def test_sixteen_bits_keep_their_brightness():
    image = Image.new("I;16", (64, 16))
    for x in range(64):
        for y in range(16):
            image.putpixel((x, y), (0, 20_000, 40_000, 65_535)[x // 16])
    shown = seen(picture(encoded(image)))
    for quarter, level in enumerate((0, 20_000, 40_000, 65_535)):
        assert shown.getpixel((quarter * 16 + 8, 8))[0] == pytest.approx(level / 257, abs=3)


def test_what_is_transparent_is_white():
    image = quarters(mode="RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    for kind in ("PNG", "WEBP"):
        assert corners(picture(encoded(image, kind))) == (WHITE,) * 4
    half = Image.new("RGBA", (20, 20), (0, 0, 0, 128))
    assert seen(picture(encoded(half))).getpixel((9, 9))[0] == pytest.approx(127, abs=2)
    palette = quarters(mode="RGB").quantize(4)
    palette.info["transparency"] = palette.getpixel((10, 10))
    assert corners(picture(encoded(palette, transparency=palette.getpixel((10, 10))))) == (WHITE, GREEN, BLUE, WHITE)


def test_colours_hidden_by_transparency_do_not_bleed_into_a_reduced_picture():
    image = Image.new("RGBA", (3000, 3000), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (1500, 0, 3000, 3000))
    shown = seen(picture(encoded(image, compress_level=1)))
    assert all(green <= 255 and red - blue < 20 for red, green, blue in (shown.getpixel((x, 500)) for x in range(480, 544)))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture(kind):
    later = [Image.new("RGB", (96, 64), colour) for colour in (GREEN, BLACK)]
    data = encoded(quarters(), kind, save_all=True, append_images=later, duration=50)
    assert Image.open(BytesIO(data)).n_frames == 3
    assert corners(picture(data)) == QUARTERS


def test_of_a_jpeg_with_several_pictures_the_first():
    data = encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))], quality=95, subsampling=0)
    found = picture(data)
    assert found.format == "JPEG" and corners(found) == QUARTERS


def test_nothing_but_pixels_is_left():
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "SECRET-CAMERA", "SECRET-COMMENT"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[29] = "N", (37.0, 33.0, 12.5), "SECRET-DAY"
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET-XMP</x:xmpmeta>"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + b"SECRET-ICC"
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "SECRET-TEXT")
    text.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=False)
    carried = {"exif": exif.tobytes(), "icc_profile": profile}
    files = [encoded(quarters(), "JPEG", comment=b"SECRET-COM", xmp=xmp, dpi=(301, 301), **carried),
             encoded(quarters(), "WEBP", xmp=xmp, **carried), encoded(quarters(), "PNG", pnginfo=text, exif=exif.tobytes()),
             (GOLDEN / "quarters.heic").read_bytes(), encoded(quarters(), "PNG") + b"SECRET-TAIL"]
    for data in files:
        assert b"SECRET" in data
        found = picture(data)
        assert b"SECRET" not in found.jpeg and corners(found) == QUARTERS
        assert set(Image.open(BytesIO(found.jpeg)).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert Image.open(BytesIO(found.jpeg)).info["jfif_density"] == (1, 1)


def test_a_profile_is_applied_before_it_is_left_out():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")  # red means green
    for kind in ("JPEG", "PNG", "WEBP"):
        assert corners(picture(encoded(quarters(), kind, icc_profile=swapped))) == (GREEN, RED, BLUE, WHITE)
    assert corners(picture(encoded(quarters(), icc_profile=b"no profile"))) == QUARTERS
    grey = encoded(quarters().convert("L"), "JPEG", icc_profile=swapped)  # a profile of another kind than the picture
    assert len(set(seen(picture(grey)).getpixel((4, 4)))) == 1


@pytest.mark.parametrize(("data", "found"), [
    (b"hello, this is a text", "text"), (b"%PDF-1.7\n1 0 obj", "PDF"), (b"<?xml version='1.0'?><svg xmlns='x'/>", "SVG"),
    (b"\xef\xbb\xbf<!DOCTYPE html><p>", "HTML"), (b"PK\3\4" + bytes(40), "ZIP"), (b"BMW is a car" + bytes(40), "unknown"),
    (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "AVIF"), (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "MP4"),
    (b"RIFF\0\0\0\0WAVEfmt ", "RIFF"), (bytes(100), "unknown"), (b"\x89PNG", "unknown"), (b"\xff\xd8", "unknown"),
    ("가나다".encode() * 200, "text")])
def test_what_is_no_picture_of_ours_is_named(data, found):
    error = refused(data)
    assert error.code == "picture.kind" and found in str(error) and isinstance(error, DataError)


def test_a_gif_and_a_tiff_are_not_taken():
    for kind in ("GIF", "TIFF"):
        assert kind in str(refused(encoded(quarters(), kind)))


def test_nothing_is_not_a_picture():
    assert refused(b"").code == "picture.empty"


def test_the_content_decides_not_the_name():
    # There is no name to be misled by: what a browser calls photo.jpg is decoded as what it is.
    assert picture(encoded(quarters(), "PNG")).format == "PNG"
    assert refused(b"\xff\xd8\xff" + encoded(quarters())[3:]).code == "picture.broken"


@pytest.mark.parametrize("kind", [*KINDS, "HEIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_half_a_file_is_no_picture(kind, share):
    noise = Image.effect_noise((96, 64), 90).convert("RGB")
    data = (GOLDEN / "quarters.heic").read_bytes() if kind == "HEIF" else encoded(noise, kind)
    error = refused(data[:int(len(data) * share)])
    assert error.code == "picture.broken" and decoding.NAMES.get(kind, kind) in str(error)


def test_damage_is_refused_or_decoded_and_never_more():
    dice = random.Random(5)
    files = [encoded(quarters(), kind) for kind in KINDS] + [(GOLDEN / "alpha.heic").read_bytes()]
    for _ in range(40):
        for data in files:
            damaged = bytearray(data)
            for _ in range(dice.randint(1, 12)):
                damaged[dice.randrange(12, len(data))] = dice.randrange(256)
            try:
                seen(picture(bytes(damaged)))
            except FileRefused as error:
                assert error.code in ("picture.broken", "picture.pixels", "picture.memory", "picture.kind", "picture.crashed")


def test_ten_megabytes_are_taken_and_no_byte_more():
    data = encoded(quarters())
    limit = decoding.LARGEST_PICTURE
    assert corners(picture(data + bytes(limit - len(data)))) == QUARTERS
    error = refused(data + bytes(limit + 1 - len(data)))
    assert error.code == "picture.large" and "10 MB" in str(error)


@pytest.mark.parametrize(("width", "height"), [(7072, 7072), (60_000, 60_000), (50_000_001, 1), (2**31 - 1, 2**31 - 1)])
def test_more_than_fifty_megapixels_are_not_unfolded(width, height, pool):
    workers_here = pool()
    error = refused(png(width, height, rows=3 if width * height > 10**9 else None) if width < 10**6 else png(width, height, rows=0))
    assert error.code == "picture.pixels" and f"{width:,} × {height:,}" in str(error)
    [pid] = workers_here.pids()
    assert psutil.Process(pid).memory_info().rss < 60e6


def test_fifty_megapixels_are_taken():
    found = picture(png(7071, 7071))
    assert (found.width, found.original_width) == (1024, 7071) and nearest(seen(found).getpixel((5, 5))) == BLACK


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "HEIF"])
def test_the_size_in_any_header_is_checked(kind):
    data = bytearray((GOLDEN / "quarters.heic").read_bytes() if kind == "HEIF" else encoded(Image.new("RGB", (96, 64)), kind))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at:at + 4] = struct.pack(">HH", 9000, 9000)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", 9000, 9000)
    elif kind == "WEBP":  # lossless: 14 bits each, less one
        data[21:25] = struct.pack("<I", 8999 | 8999 << 14 | int.from_bytes(data[21:25], "little") & 0xF0000000)
    else:
        at = data.index(b"ispe") + 8
        data[at:at + 8] = struct.pack(">II", 9000, 9000)
    assert refused(bytes(data)).code == "picture.pixels"


def test_a_text_that_unfolds_is_not_unfolded(pool):
    workers_here = pool()
    bomb = zlib.compress(bytes(200_000_000), 9)
    chunk = b"zTXtComment\0\0" + bomb
    data = encoded(quarters())
    data = data[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    error = refused(data)
    assert error.code in ("picture.broken", "picture.memory")
    assert all(psutil.Process(pid).memory_info().rss < 100e6 for pid in workers_here.pids())


def test_what_takes_too_much_memory_is_refused_and_the_next_picture_is_not(pool):
    pool(memory_bytes=120 << 20)
    assert refused(png(7000, 7000, bits=8, colour=6, rows=1)).code == "picture.memory"  # 196 MB as RGBA
    assert corners(picture(encoded(quarters()))) == QUARTERS


def test_a_picture_that_takes_too_long_ends_its_worker_only(pool, monkeypatch):
    workers_here = pool()
    picture(encoded(quarters()))
    [before] = workers_here.pids()
    monkeypatch.setattr(decoding, "PICTURE_S", 0.05)
    start = time.monotonic()
    error = refused(png(7000, 7000, bits=8, colour=3))
    assert error.code == "picture.slow" and "0.05 s" in str(error) and time.monotonic() - start < 5
    assert not psutil.pid_exists(before) and workers_here.pids() == []
    monkeypatch.undo()
    assert corners(picture(encoded(quarters()))) == QUARTERS


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="stops a process")
def test_a_worker_that_hangs_is_ended(pool, monkeypatch):
    workers_here = pool()
    picture(encoded(quarters()))
    [before] = workers_here.pids()
    monkeypatch.setattr(decoding, "PICTURE_S", 0.2)
    rescue = threading.Timer(8, os.kill, (before, signal.SIGCONT))  # so that this test ends whatever happens
    rescue.start()
    os.kill(before, signal.SIGSTOP)
    start = time.monotonic()
    assert refused(encoded(quarters())).code == "picture.slow" and time.monotonic() - start < 5
    rescue.cancel()
    assert not psutil.pid_exists(before)


def killed_while_decoding(times):
    """End whichever worker is decoding, as a crash of its decoder would, so many times."""
    def kill():
        ended = set()
        until = time.monotonic() + 10
        while len(ended) < times and time.monotonic() < until:
            for child in workers():
                try:
                    if child.pid not in ended and child.memory_info().rss > 45e6:  # it has begun to unfold the picture
                        ended.add(child.pid)
                        child.kill()
                except psutil.NoSuchProcess:
                    pass
            time.sleep(0.001)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_picture_that_crashes_a_fresh_worker_is_refused_and_the_next_is_not(pool):
    decoding.close()
    workers_here = pool()
    data = png(7000, 7000, bits=8, colour=6)
    thread = killed_while_decoding(1)
    assert refused(data).code == "picture.crashed"
    thread.join()
    assert workers_here.pids() == [] and corners(picture(encoded(quarters()))) == QUARTERS


def test_a_file_that_really_crashes_its_decoder_is_refused_and_the_next_is_not(pool):
    """One byte that is no UTF-8 in a content type is a segmentation fault of pi-heif 1.4.0, found with damaged files."""
    if version("pi-heif") != "1.4.0":
        pytest.skip("another pi-heif may have mended it: find another file")
    whole = (GOLDEN / "quarters.heic").read_bytes()
    workers_here = pool()
    assert refused(whole.replace(b"rdf+xml", b"rdf+\xffml")).code == "picture.crashed"
    assert workers_here.pids() == [] and corners(picture(whole)) == QUARTERS


def test_a_worn_worker_that_crashes_is_no_fault_of_the_picture(pool):
    decoding.close()
    workers_here = pool()
    picture(encoded(quarters()))
    [before] = workers_here.pids()
    thread = killed_while_decoding(1)
    assert picture(png(7000, 7000, bits=8, colour=6)).original_width == 7000
    thread.join()
    assert workers_here.pids() != [before]


def test_a_worker_that_died_while_idle_is_replaced(pool):
    workers_here = pool()
    picture(encoded(quarters()))
    [before] = workers_here.pids()
    psutil.Process(before).kill()
    assert corners(picture(encoded(quarters()))) == QUARTERS and workers_here.pids() != [before]


def test_a_worker_is_used_again(pool):
    workers_here = pool()
    found = set()
    for _ in range(5):
        picture(encoded(quarters()))
        found |= set(workers_here.pids())
    assert len(found) == 1


def test_a_worker_is_replaced_in_time(pool, monkeypatch):
    monkeypatch.setattr("support.decode.pool.MOST_SERVED", 2)
    workers_here = pool()
    found = []
    for _ in range(4):
        picture(encoded(quarters()))
        found.append(workers_here.pids())
    assert [len(pids) for pids in found] == [1, 0, 1, 0]


def test_many_at_once_get_each_their_own(pool):
    decoding.close()
    workers_here = pool(most=2)
    most = 0

    def one(number):
        nonlocal most
        found = seen(picture(encoded(Image.new("RGB", (200 + number, 100), (number * 6, 0, 0)))))
        most = max(most, len(workers()))
        return found.width, found.getpixel((50, 50))[0]

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(one, range(40)))
    assert [width for width, _ in got] == [200 + number for number in range(40)]
    assert all(abs(red - number * 6) <= 3 for number, (_, red) in enumerate(got))
    assert most <= 2 and len(workers_here.pids()) == 2


def test_who_has_no_turn_in_time_is_told(pool, monkeypatch):
    pool()
    monkeypatch.setattr(decoding, "WAIT_S", 0.05)
    thread = threading.Thread(target=picture, args=(png(7000, 7000, bits=8, colour=6),))
    thread.start()
    time.sleep(0.2)
    assert refused(encoded(quarters()), Busy).code == "picture.busy"
    thread.join()


def test_a_machine_that_starts_no_worker_says_so(pool, monkeypatch, tmp_path):
    pool()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    assert refused(encoded(quarters()), AppError).code == "picture.no_worker"
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert refused(encoded(quarters()), AppError).code == "picture.no_worker"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
def test_a_worker_is_told_no_secret_and_bound_by_the_system(pool, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-SECRET")
    workers_here = pool()
    picture(encoded(quarters()))
    [pid] = workers_here.pids()
    assert b"SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()
    limits = Path(f"/proc/{pid}/limits").read_text("utf-8")
    [line] = [line for line in limits.splitlines() if line.startswith("Max address space")]
    assert line.split()[3:5] == [str(decoding.MEMORY_BYTES)] * 2
    assert "Max core file size        0 " in limits


def test_no_process_and_no_file_is_left_behind(pool, monkeypatch):
    files = Path("/proc/self/fd")
    before = len(os.listdir(files)) if files.exists() else 0
    decoding.close()
    workers_here = pool(most=2)
    picture(encoded(quarters()))
    monkeypatch.setattr(decoding, "PICTURE_S", 0.01)
    refused(png(5000, 5000, bits=8, colour=3))
    workers_here.close()
    assert workers() == []
    assert not files.exists() or len(os.listdir(files)) <= before


def test_a_product_that_is_killed_takes_its_workers_along():
    code = ("import sys, time; from support import decoding; decoding.picture(open(sys.argv[1], 'rb').read()); "
            "print(*decoding._pool.pids(), flush=True); time.sleep(60)")
    product = subprocess.Popen([sys.executable, "-c", code, str(GOLDEN / "quarters.heic")], stdout=subprocess.PIPE,
                               cwd=GOLDEN.parents[2])
    pid = int(product.stdout.readline())
    product.kill()
    product.wait()
    product.stdout.close()
    until = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" and time.monotonic() < until:
        time.sleep(0.01)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"


def test_nothing_heavy_in_the_product_and_little_in_a_worker():
    code = ("import sys, support.decoding; print({'PIL', 'numpy', 'pi_heif'} & set(sys.modules)); "
            "import support.decode.pictures; print({'numpy', 'pi_heif', 'asyncio', 'multiprocessing'} & set(sys.modules))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=GOLDEN.parents[2])
    assert out.stdout.split() == ["set()", "set()"]
