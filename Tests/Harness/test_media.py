"""Photos: what is taken, what is left in them, what is refused, how they are served (M3 to M7)."""

import io
import itertools
import shutil
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from kit import photos
from kit.instance import peak
from kit.wire import multipart, request, talk

COUNTER = itertools.count(1)
LONG = 10 * 1024 * 1024


def report(**more) -> dict:
    return {
        "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3",
        "description": f"picture{next(COUNTER):05} of the wall", **more,
    }  # fmt: skip


def upload(viaduct, files, boundary: str = "xYzZY", **more):
    """Posts a report with files (name, bytes) or (part, name, type, bytes)."""
    whole = [
        one if len(one) == 4 else (f"photo{n}", one[0], "image/jpeg", one[1]) for n, one in enumerate(files, 1)
    ]
    return viaduct.sofia.upload("/requests.json", report(**more), whole, boundary)


def addresses(viaduct, identifier: str) -> list[str]:
    row = viaduct.sofia.get(f"/requests/{identifier}.json", extensions="true").json[0]
    return row["extended_attributes"].get("media_urls", [])


def fetched(viaduct, address: str, **headers):
    """A picture of ours, from the program under test whatever its public name is."""
    target = "/" + address.split("/", 3)[3]
    raw = request("GET", target, {"Connection": "close", **headers})
    return viaduct.sofia.send(raw)


def stored(viaduct, *pictures: bytes) -> list[bytes]:
    """What becomes of pictures."""
    answer = upload(viaduct, [(f"{n}.jpg", data) for n, data in enumerate(pictures)])
    assert answer.status == 200, answer.text
    found = addresses(viaduct, answer.json[0]["service_request_id"])
    return [fetched(viaduct, address).body for address in found]


# Nothing is left (M4).


@pytest.fixture(scope="module")
def passed(viaduct, tmp_path_factory) -> tuple[list[Path], Path]:
    """Two hundred photos as cameras write them, and the folder of what became of them."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    given, taken = tmp_path_factory.mktemp("camera"), tmp_path_factory.mktemp("taken")
    files = photos.write_camera_photos(given, 200)
    for start in range(0, len(files), 6):
        some = files[start : start + 6]
        answer = upload(viaduct, [(file.name, file.read_bytes()) for file in some])
        assert answer.status == 200, (answer.text, some)
        found = addresses(viaduct, answer.json[0]["service_request_id"])
        assert len(found) == len(some), "every file is a picture, in its order"
        for file, address in zip(some, found, strict=True):
            (taken / file.name).write_bytes(fetched(viaduct, address).body)
    return files, taken


def test_the_oracle_sees_what_cameras_write(passed):
    files, _ = passed
    found = photos.left_behind(files[0].parent)
    assert len(found) == 200, "or it could not show that anything is gone"
    groups = {name.split(":")[0] for names in found.values() for name in names}
    wanted = {"GPS", "IFD0", "IFD1", "ExifIFD", "IPTC", "XMP-dc", "MPImage2", "File", "PNG"}
    assert wanted <= groups, wanted - groups


def test_nothing_is_left_of_what_cameras_write(passed):
    _, taken = passed
    assert photos.left_behind(taken) == {}
    secret = [file.name for file in taken.iterdir() if photos.SECRET.encode() in file.read_bytes()]
    assert secret == []


def test_the_pictures_themselves_are_untouched(passed):
    files, taken = passed
    for file in files:
        theirs, ours = Image.open(file), Image.open(taken / file.name)
        assert theirs.size == ours.size and theirs.mode == ours.mode, file.name
        assert theirs.tobytes() == ours.tobytes(), file.name
        assert ours.getexif().get(0x0112, 1) == theirs.getexif().get(0x0112, 1), f"orientation of {file.name}"
        assert ("icc_profile" in theirs.info) == ("icc_profile" in ours.info), file.name
        if "icc_profile" in theirs.info and theirs.mode == "RGB":
            assert seen(ours) == seen(theirs), f"colours of {file.name}"


def seen(picture: Image.Image) -> bytes:
    """The pixels as a screen shows them: by the picture's own profile, whatever else that tells."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    return ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB")).tobytes()


def test_what_stands_behind_the_end_is_cut(viaduct):
    jpeg, png, webp = (photos.small(n, kind) for n, kind in enumerate(["JPEG", "PNG", "WEBP"]))
    tails = [b"PK\x03\x04" + b"zip" * 50, b"<html><script>alert(1)</script></html>", b"\xff\xd8\xff\xe0second"]
    for picture in (jpeg, png, webp):
        for tail in tails:
            found = stored(viaduct, picture + tail)
            assert len(found) == 1 and len(found[0]) <= len(picture) and tail[:6] not in found[0][-len(tail) :]


# What is refused (block E).


def answers(viaduct) -> list[tuple[str, bytes, set[int]]]:
    """Hostile files: a name, the bytes, the statuses that may answer them."""
    jpeg, png, webp = (photos.small(n, kind) for n, kind in enumerate(["JPEG", "PNG", "WEBP"]))
    frame = jpeg.index(b"\xff\xc0")
    huge = jpeg[: frame + 5] + struct.pack(">HH", 65_535, 65_535) + jpeg[frame + 9 :]
    empty = png[:16] + struct.pack(">II", 0, 0) + png[24:29]
    crc = bytearray(png)
    crc[29] ^= 0xFF
    late = png[:8] + photos.chunk(b"tEXt", b"a\0b") + png[8:]
    return [
        ("10 MB and a byte", jpeg + bytes(LONG + 1 - len(jpeg)), {413}),
        ("GIF", photos.converted("GIF"), {415}), ("TIFF", photos.converted("TIFF"), {415}),
        ("BMP", photos.converted("BMP"), {415}), ("ICO", photos.converted("ICO"), {415}),
        ("JPEG 2000", photos.converted("JPEG2000"), {415}), ("AVIF", photos.converted("AVIF"), {415}),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), {415}),
        ("MP4", b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(200), {415}),
        ("PDF", b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF", {415}),
        ("SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', {415}),
        ("SVG with a head", b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x "y">]><svg/>', {415}),
        ("ZIP", b"PK\x03\x04" + bytes(100), {415}), ("text", b"just a text, nothing more", {415}),
        ("HTML", b"<!doctype html><script>alert(document.cookie)</script>", {415}),
        ("a program", b"\x7fELF" + bytes(200), {415}), ("one byte", b"\xff", {400, 415}),
        ("JPEG's magic alone", b"\xff\xd8\xff", {400, 415}), ("PNG's magic alone", png[:8], {400}),
        ("HTML behind JPEG's magic", b"\xff\xd8\xff<html><script>alert(1)</script>", {400, 415}),
        ("nothing", b"", {400}),
        ("PNG of 65,535 squared", photos.png(65_535, 65_535, photos.chunk(b"IDAT", b"x")), {413}),
        ("PNG of 14,000 squared", photos.flood(14_000), {413}),
        ("PNG of 1 by 12,001", photos.png(1, 12_001, photos.chunk(b"IDAT", b"x")), {413}),
        ("PNG of more than 50 MP", photos.png(10_000, 5_001, photos.chunk(b"IDAT", b"x")), {413}),
        ("JPEG of 65,535 squared", huge, {413}),
        ("JPEG cut in the middle", jpeg[: len(jpeg) // 2], {400}),
        ("JPEG cut in its tables", jpeg[:40], {400}),
        ("JPEG segment of length 0", photos.segments(jpeg, b"\xff\xe1\0\0"), {400}),
        ("JPEG segment of length 1", photos.segments(jpeg, b"\xff\xe1\0\1"), {400}),
        ("JPEG segment past the end", photos.segments(jpeg[:200], b"\xff\xe1\xff\xff"), {400}),
        ("JPEG without a frame", jpeg[:frame] + jpeg[-2:], {400}),
        ("PNG cut in the middle", png[: len(png) // 2], {400}),
        ("PNG of no size", b"".join([empty, png[29:]]), {400}),
        ("PNG with a wrong checksum", bytes(crc), {400}),
        ("PNG chunk past the end", png[:33] + b"\x7f\xff\xff\xffIDAT" + png[41:], {400}),
        ("PNG without its head first", late, {400}),
        ("PNG without a picture", photos.png(8, 8), {400}),
        ("WebP cut in the middle", webp[: len(webp) // 2], {400}),
        ("WebP chunk past the end", webp[:16] + b"\xff\xff\xff\x7f" + webp[20:], {400}),
        ("moving WebP", photos.film(20, "WEBP"), {415}),
        ("moving PNG of 1,000 frames", photos.film(1000, "PNG"), {415}),
    ]  # fmt: skip


def test_hostile_files_are_answered_and_leave_nothing(viaduct):
    before = len(viaduct.sofia.get("/requests.json", service_code="GRAFFITI").json)
    files, wrong = kept(viaduct), []
    hostile = answers(viaduct)
    assert len(hostile) >= 40
    for name, data, expected in hostile:
        answer = upload(viaduct, [("a.jpg", data)])
        if answer.status not in expected:
            wrong.append(f"{name}: {answer.status} instead of {expected}: {answer.text[:120]}")
        elif not answer.problems():
            wrong.append(f"{name}: no sentence")
    assert wrong == []
    assert len(viaduct.sofia.get("/requests.json", service_code="GRAFFITI").json) == before
    assert kept(viaduct) == files


def kept(viaduct) -> set[Path]:
    """The pictures' files on the disk."""
    folder = viaduct.instance.directory / "data"
    suffixes = {".jpg", ".jpeg", ".png", ".webp"}
    return {file for file in folder.rglob("*") if file.suffix in suffixes}


def test_one_bad_file_of_several_refuses_the_report(viaduct):
    files = kept(viaduct)
    answer = upload(viaduct, [("a.jpg", photos.small(1)), ("b.gif", photos.converted("GIF"))])
    assert answer.status == 415
    # What had been written of the good one is named by nobody, and swept later at most.
    assert len(kept(viaduct) - files) <= 1


def test_odd_but_sound_files_are_taken(viaduct):
    bomb = photos.zipped_text(5 << 20)
    sound = [photos.small(n) for n in (1, 2, 4)] + [photos.small(n, "PNG") for n in (5, 3)]
    odd = [
        photos.segments(sound[0], b"\xff\xfe\0\x22<script>alert('comment')</script>"[:36]),
        photos.segments(sound[1], b"\xff\xff\xff\xe5\0\x04ab"), sound[2], sound[3], bomb,
    ]  # fmt: skip
    found = stored(viaduct, *odd)
    assert len(found) == len(odd)
    for before, after in zip(sound, found, strict=True):
        assert b"script" not in after and b"zTXt" not in after
        assert Image.open(io.BytesIO(before)).tobytes() == Image.open(io.BytesIO(after)).tobytes()


def test_one_picture_sent_twice_is_shown_once(viaduct):
    jpeg = photos.small(6)
    commented = photos.segments(jpeg, b"\xff\xfe\0\x07hello")
    assert len(stored(viaduct, jpeg, photos.small(7), commented)) == 2


@pytest.mark.parametrize("name", ["../../etc/passwd", "a.jpg.php", "con", "..\\..\\boot.ini", "a b;c.jpg", "снимка.jpg"])
def test_file_names_mean_nothing(viaduct, name):
    answer = upload(viaduct, [("photo1", name, "image/png", photos.small(next(COUNTER)))])
    assert answer.status == 200, answer.text
    (address,) = addresses(viaduct, answer.json[0]["service_request_id"])
    assert address.rpartition("/")[2].endswith(".jpg") and "php" not in address and "con" not in address


@pytest.mark.parametrize("name", ["x" * 10_240 + ".jpg", "a\0b.jpg"], ids=["10 KB", "NUL"])
def test_impossible_file_names_do_no_harm(viaduct, name):
    assert upload(viaduct, [("photo1", name, "image/jpeg", photos.small(1))]).status in {200, 400}


PART = '--xYzZY\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'


@pytest.mark.parametrize("case", ["65 parts", "no name", "long head", "no end", "nested", "7 photos"])
def test_bad_forms_are_refused(viaduct, case):
    files, small = kept(viaduct), photos.small(1)
    fields = {"api_key": viaduct.key, **report()}
    one = [("photo1", "a.jpg", "image/jpeg", small)]
    good = multipart(fields, one)
    end = b"--xYzZY--\r\n"
    body = {
        "65 parts": multipart(fields, [], "xYzZY")[: -len(end)]
        + "".join(PART.format(f"attribute[a{n}]", "x") for n in range(65)).encode() + end,
        "no name": good[: -len(end)] + b"--xYzZY\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + end,
        "long head": good.replace(b"Content-Type: image/jpeg", b"Content-Type: image/jpeg; x=" + b"y" * 5120),
        "no end": good[: -len(end)],
        "nested": good.replace(b"Content-Type: image/jpeg", b"Content-Type: multipart/mixed; boundary=inner"),
        "7 photos": multipart(fields, [(f"photo{n}", "a.jpg", "image/jpeg", photos.small(n)) for n in range(7)]),
    }[case]  # fmt: skip
    answer = viaduct.sofia.posting_parts("/requests.json", body)
    assert answer.status == 400 and answer.problems(), answer.text
    assert kept(viaduct) == files, "no file is left"


def test_the_part_names_of_all_clients_are_taken(viaduct):
    files = [
        (part, "a.jpg", "image/jpeg", photos.small(n))
        for n, part in enumerate(["media", "media[]", "photo", "photo3", "file", "file_evidence"])
    ]
    answer = upload(viaduct, files)
    assert answer.status == 200, answer.text
    assert len(addresses(viaduct, answer.json[0]["service_request_id"])) == 6


# What it costs (M5).


def test_a_flood_of_pixels_costs_no_memory(viaduct):
    flood = photos.flood(14_000)
    assert len(flood) < 1 << 20
    pid = viaduct.instance.process.pid
    upload(viaduct, [("warm.png", photos.small(1))])
    before = viaduct.instance.resident
    peak(pid, begin=True)
    assert upload(viaduct, [("a.png", flood)]).status == 413
    assert peak(pid) - before < 64 * 1024
    assert viaduct.instance.resident - before < 64 * 1024


def test_a_large_picture_that_may_be_sent_costs_little(viaduct):
    pid = viaduct.instance.process.pid
    before = viaduct.instance.resident
    peak(pid, begin=True)
    answer = upload(viaduct, [("a.png", photos.flood(7_000))])
    assert answer.status == 200, answer.text
    assert peak(pid) - before < 64 * 1024


# How it is served (M6).


@pytest.fixture(scope="module")
def three(viaduct) -> list[str]:
    files = [(f"photo{n}", "x.bin", "image/jpeg", photos.small(50 + n, k)) for n, k in enumerate(["JPEG", "PNG", "WEBP"])]
    answer = upload(viaduct, files)
    return addresses(viaduct, answer.json[0]["service_request_id"])


def test_every_picture_has_its_headers(viaduct, three):
    kinds = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
    assert [address.rpartition(".")[2] for address in three] == list(kinds)
    for address in three:
        answer = fetched(viaduct, address)
        name = address.rpartition("/")[2]
        assert answer.status == 200
        assert answer.header("Content-Type") == kinds[name.rpartition(".")[2]]
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Content-Disposition") == f'inline; filename="{name}"'
        assert answer.header("Content-Security-Policy") == "default-src 'none'; sandbox"
        assert answer.header("Cross-Origin-Resource-Policy")
        assert answer.header("Access-Control-Allow-Origin") == "*"
        assert "private" not in (answer.header("Cache-Control") or "")
        assert answer.header("Content-Length") == str(len(answer.body))
        assert answer.header("Set-Cookie") is None


def test_a_picture_may_be_asked_for_again(viaduct, three):
    tag = fetched(viaduct, three[0]).header("ETag")
    assert tag
    again = fetched(viaduct, three[0], **{"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    head = talk(viaduct.port, request("HEAD", "/" + three[0].split("/", 3)[3], {"Connection": "close"}), head=True)
    assert head.statuses == [200]


@pytest.mark.parametrize("path", [
    "/media/none.jpg", "/media/", "/media", "/media/..%2f..%2fetc%2fpasswd", "/media/%2e%2e/viaduct.yaml",
    "/media/../settings/viaduct.yaml", "/media/..\\..\\x.jpg", "/media/%00.jpg", "/media/.jpg",
    "/media/" + "a" * 300 + ".jpg",
])  # fmt: skip
def test_no_other_file_is_served(viaduct, path):
    answer = viaduct.sofia.send(request("GET", path, {"Connection": "close"}))
    assert answer.status in {400, 404}
    assert b"root:" not in answer.body and b"contact:" not in answer.body


def test_only_what_is_shown_is_served(viaduct):
    """A private report's pictures are found by nobody who does not know their name; the name is long."""
    names = [address.rpartition("/")[2].partition(".")[0] for address in three_more(viaduct)]
    assert all(len(name) >= 32 for name in names) and len(set(names)) == len(names)


def three_more(viaduct) -> list[str]:
    answer = upload(viaduct, [(f"{n}.jpg", photos.small(90 + n)) for n in range(3)])
    return addresses(viaduct, answer.json[0]["service_request_id"])


def test_updates_bring_pictures_too(viaduct):
    key = viaduct.instance.key("updates", "--scope", "report", "--scope", "update")
    caller = viaduct.instance.caller("sofia", key)
    identifier = caller.upload("/requests.json", report(), []).json[0]["service_request_id"]
    form = {
        "service_request_id": identifier, "update_id": "m-1", "updated_datetime": "2026-04-20T00:00:00Z",
        "status": "OPEN", "description": "Two",
    }  # fmt: skip
    secret = photos.camera(0)[1]
    files = [("photo1", "a.jpg", "image/jpeg", secret), ("photo2", "b.png", "image/png", photos.small(4, "PNG"))]
    first = caller.upload("/servicerequestupdates.json", form, files)
    again = caller.upload("/servicerequestupdates.json", form, files)
    assert first.status == again.status == 200 and first.json == again.json, first.text
    (row,) = caller.get("/servicerequestupdates.json", service_request_id=identifier).json
    assert [address.rpartition(".")[2] for address in row["media_url"]] == ["jpg", "png"]
    assert photos.SECRET.encode() not in fetched(viaduct, row["media_url"][0]).body
    form["update_id"] = "m-2"
    bad = [("photo1", "a.gif", "image/gif", photos.converted("GIF"))]
    assert caller.upload("/servicerequestupdates.json", form, bad).status == 415
    assert len(caller.get("/servicerequestupdates.json", service_request_id=identifier).json) == 1


def test_jsonp_is_off_unless_the_settings_say_so(viaduct):
    answer = viaduct.sofia.get("/services.json", callback="run")
    assert answer.status == 200 and answer.header("Content-Type").startswith("application/json")
    assert isinstance(answer.json, list)


