"""Pictures made by the tests: as cameras write them, and as somebody with bad intentions does."""

import io
import json
import random
import struct
import subprocess
import zlib
from pathlib import Path

import piexif
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

SECRET = "MPetrova"
"""Stands in everything that must not be left: names, places, comments, texts behind the end."""


def scene(seed: int, size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """A picture with content of its own."""
    noise = random.Random(seed)
    tile = Image.frombytes("RGB", (8, 6), noise.randbytes(8 * 6 * 3))
    return tile.resize(size, Image.Resampling.BILINEAR).convert(mode)


def small(seed: int, kind: str = "JPEG") -> bytes:
    """A plain picture without anything else in it."""
    file = io.BytesIO()
    scene(seed, (24, 18)).save(file, kind)
    return file.getvalue()


# As cameras write them.


def exif(seed: int) -> bytes:
    """EXIF as of a telephone: place, owner, serial numbers, a maker's own block and a small picture."""
    thumbnail = io.BytesIO()
    scene(seed, (16, 12)).save(thumbnail, "JPEG")
    name = f"{SECRET} {seed}".encode()
    return piexif.dump({
        "0th": {
            piexif.ImageIFD.Make: b"Kamera", piexif.ImageIFD.Model: name, piexif.ImageIFD.Artist: name,
            piexif.ImageIFD.Copyright: name, piexif.ImageIFD.Software: name,
            piexif.ImageIFD.HostComputer: name, piexif.ImageIFD.CameraSerialNumber: name,
            piexif.ImageIFD.Orientation: orientation(seed), piexif.ImageIFD.DateTime: b"2026:04:14 06:37:38",
            piexif.ImageIFD.XPAuthor: SECRET.encode("utf-16-le"),
        },
        "Exif": {
            piexif.ExifIFD.DateTimeOriginal: b"2026:04:14 06:37:38", piexif.ExifIFD.MakerNote: name * 20,
            piexif.ExifIFD.BodySerialNumber: name, piexif.ExifIFD.CameraOwnerName: name,
            piexif.ExifIFD.UserComment: b"ASCII\0\0\0" + name, piexif.ExifIFD.LensSerialNumber: name,
        },
        "GPS": {
            piexif.GPSIFD.GPSLatitudeRef: b"N", piexif.GPSIFD.GPSLatitude: ((42, 1), (41, 1), (5172, 100)),
            piexif.GPSIFD.GPSLongitudeRef: b"E", piexif.GPSIFD.GPSLongitude: ((23, 1), (19, 1), (1884, 100)),
            piexif.GPSIFD.GPSAltitude: (595, 1), piexif.GPSIFD.GPSDateStamp: b"2026:04:14",
        },
        "1st": {piexif.ImageIFD.Compression: 6}, "thumbnail": thumbnail.getvalue(),
    })  # fmt: skip


def orientation(seed: int) -> int:
    return 1 + seed % 8


def xmp(seed: int) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
        f' exif:GPSLatitude="42,41.86N" dc:creator="{SECRET} {seed}"/></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def camera(seed: int) -> tuple[str, bytes]:
    """The name and bytes of a photo with everything in it; the kind goes round with the number."""
    kind = ("jpeg", "jpeg", "jpeg", "png", "webp")[seed % 5]
    turn = seed // 5
    file = io.BytesIO()
    if kind == "jpeg":
        _jpeg(seed, turn, file)
    elif kind == "png":
        text = PngInfo()
        text.add_text("Comment", f"{SECRET} {seed}")
        text.add_text("Author", f"{SECRET} {seed}", zip=True)
        text.add_itxt("XML:com.adobe.xmp", xmp(seed).decode())
        text.add_itxt("Title", f"{SECRET} {seed}", "bg", "Описание", zip=True)
        mode = ("RGB", "RGBA", "L", "P", "1")[turn % 5]
        more = {"icc_profile": PROFILE} if mode.startswith("RGB") else {}
        scene(seed, mode=mode).save(file, "PNG", pnginfo=text, exif=exif(seed), dpi=(72, 72), **more)
    else:
        mode = "RGBA" if turn % 2 else "RGB"
        scene(seed, mode=mode).save(
            file, "WEBP", exif=exif(seed), xmp=xmp(seed), icc_profile=PROFILE, lossless=turn % 3 == 0
        )
    return f"{seed:03}.{kind}", file.getvalue()


def _jpeg(seed: int, turn: int, file: io.BytesIO) -> None:
    if turn % 7 == 3:
        # Two pictures in one file, the second one found by an index (MPF).
        second = scene(seed + 1000)
        scene(seed).save(file, "MPO", save_all=True, append_images=[second], exif=exif(seed))
        return
    mode = "L" if turn % 5 == 1 else "CMYK" if turn % 11 == 4 else "RGB"
    scene(seed, mode=mode).save(
        file, "JPEG", quality=70 + turn % 25, progressive=turn % 2 == 1, subsampling=turn % 3,
        exif=exif(seed), xmp=xmp(seed), comment=f"{SECRET} <script> {seed}".encode(), dpi=(72, 72),
        icc_profile=PROFILE if mode == "RGB" else None, restart_marker_blocks=turn % 4,
    )  # fmt: skip
    if turn % 3 == 2:
        file.write(b"PK\x03\x04 " + SECRET.encode() * 3)


def write_camera_photos(folder: Path, count: int) -> list[Path]:
    """Photos of many kinds; exiftool adds what no library here writes (IPTC, more XMP, more places)."""
    files = []
    for seed in range(count):
        name, data = camera(seed)
        files.append(folder / name)
        files[-1].write_bytes(data)
    # A JPEG's own blocks first; it refuses to write behind what it takes for the end, so errors count not.
    subprocess.run(
        [
            "exiftool", "-q", "-q", "-m", "-overwrite_original", f"-IPTC:By-line={SECRET}",
            f"-IPTC:City={SECRET}", f"-XMP-dc:Rights={SECRET}", f"-XMP-iptcCore:Location={SECRET}",
            f"-Photoshop:CopyrightFlag=1", f"-XMP-xmpMM:DocumentID={SECRET}", "-ext", "jpeg", "-ext", "png",
            "-ext", "webp", folder,
        ],
        stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    return files


LEFT = {
    "ExifTool": {"ExifToolVersion"},
    "System": None,
    "File": {
        "FileType", "FileTypeExtension", "MIMEType", "ImageWidth", "ImageHeight", "EncodingProcess",
        "BitsPerSample", "ColorComponents", "YCbCrSubSampling", "ExifByteOrder",
    },
    "JFIF": {"JFIFVersion", "ResolutionUnit", "XResolution", "YResolution"},
    "Adobe": {"DCTEncodeVersion", "APP14Flags0", "APP14Flags1", "ColorTransform"},
    "IFD0": {"Orientation"},
    "PNG": {
        "ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace", "Palette",
        "Transparency", "Gamma", "SRGBRendering", "ProfileName", "WhitePointX", "WhitePointY", "RedX", "RedY",
        "GreenX", "GreenY", "BlueX", "BlueY", "SignificantBits", "BackgroundColor",
    },
    "PNG-pHYs": None,
    "RIFF": {
        "ImageWidth", "ImageHeight", "VP8Version", "HorizontalScale", "VerticalScale", "AlphaIsUsed",
        "WebP_Flags", "AlphaPreprocessing", "AlphaFiltering", "AlphaCompression",
    },
    "Composite": {"ImageSize", "Megapixels"},
}  # fmt: skip
"""What exiftool may still find, by its group 1; None: all of the group. ICC profiles stay."""


def left_behind(folder: Path) -> dict[str, list[str]]:
    """What exiftool finds in the files of a folder that should be gone, by file; one run for all."""
    done = subprocess.run(
        ["exiftool", "-a", "-u", "-G1", "-j", "-q", folder], stdin=subprocess.DEVNULL, capture_output=True
    )
    offences = {}
    for found in json.loads(done.stdout or b"[]"):
        wrong = [name for name in found if name != "SourceFile" and not _may_stay(name)]
        if wrong:
            offences[Path(found["SourceFile"]).name] = [f"{name}={found[name]}" for name in wrong]
    return offences


def _may_stay(name: str) -> bool:
    group, _, tag = name.partition(":")
    if group.startswith("ICC"):
        return True
    allowed = LEFT.get(group, set())
    return allowed is None or tag in allowed


# As somebody with bad intentions writes them.


def chunk(name: bytes, data: bytes = b"") -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of a size, with the chunks given instead of a picture."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND")


def flood(side: int) -> bytes:
    """A PNG of a few hundred kilobytes that is `side` by `side` pixels once it is decoded."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    data = b"".join(squeeze.compress(row * 100) for _ in range(side // 100)) + squeeze.flush()
    return png(side, side, chunk(b"IDAT", data))


def zipped_text(size: int) -> bytes:
    """A small picture whose text is `size` bytes once it is unpacked."""
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(size) + SECRET.encode(), 9))
    plain = small(3, "PNG")
    return plain[:33] + bomb + plain[33:]


def film(frames: int, kind: str) -> bytes:
    """A picture that moves."""
    file = io.BytesIO()
    first, *rest = [scene(n, (8, 8)) for n in range(frames)]
    first.save(file, kind, save_all=True, append_images=rest, duration=20)
    return file.getvalue()


def converted(kind: str) -> bytes:
    """A picture of a kind that is not taken."""
    file = io.BytesIO()
    scene(1, (24, 18)).save(file, kind)
    return file.getvalue()


def segments(data: bytes, *more: bytes) -> bytes:
    """A JPEG with these bytes behind its start."""
    return data[:2] + b"".join(more) + data[2:]
