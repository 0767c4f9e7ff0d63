"""Small pictures of the tests' own, and forms that carry them."""

import struct
import zlib
from random import Random

BOUNDARY = "a5b2c9d4e7f8"


def png(seed: str | None = None, width: int = 16, height: int = 16) -> bytes:
    """A PNG of coloured noise: always the same for a seed, and without one like no other."""
    random = Random(seed)
    rows = b"".join(b"\0" + random.randbytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def form(fields: dict[str, str], files: list[tuple[str, bytes]]) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a form with files, each a name and its content."""
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value.encode()
        for name, value in fields.items()
    ] + [
        f'Content-Disposition: form-data; name="{name}"; filename="{name}.png"\r\n'
        "Content-Type: image/png\r\n\r\n".encode() + content
        for name, content in files
    ]  # fmt: skip
    body = b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts)
    return (
        {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
        body + f"--{BOUNDARY}--\r\n".encode(),
    )
