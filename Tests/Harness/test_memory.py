"""H3: what many callers at once cost in memory: long uploads, and connections on which nothing is said."""

import asyncio
import time

import pytest

from kit import photos
from kit.instance import Instance, peak, wait_until

UPLOADS, MEGABYTES, SECONDS = 100, 10, 5
IDLE = 2000
HEAD = (
    "POST /sofia/open311/v2/requests.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: {key}\r\n"
    "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
)


@pytest.fixture
def roomy(binary):
    """A Viaduct that takes as many connections from one address as there may be."""
    with Instance(VIADUCT_LIMITS_CONNECTIONS="4096") as instance:
        key = instance.key()
        instance.start()
        yield instance, key
        assert instance.process.poll() is None, instance.tail


def form(number: int) -> bytes:
    """A report with a photo of ten megabytes, most of which stand behind its end."""
    fields = {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": f"upload {number}"}
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    parts.append('--b\r\nContent-Disposition: form-data; name="media"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n')
    photo = photos.small(number, "JPEG")
    return "".join(parts).encode() + photo + bytes((MEGABYTES << 20) - len(photo)) + b"\r\n--b--\r\n"


async def upload(port: int, key: str, body: bytes) -> int:
    """Sends it within five seconds, a bit at a time, until it is answered; the status of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started, step = time.monotonic(), len(body) // 50
    answer = asyncio.ensure_future(reader.readline())
    writer.write(HEAD.format(key=key, length=len(body)).encode())
    for number, start in enumerate(range(0, len(body), step)):
        if answer.done():
            break
        writer.write(body[start:start + step])
        await asyncio.wait([answer], timeout=max(0.001, started + number * SECONDS / 50 - time.monotonic()))
    try:
        return int((await asyncio.wait_for(answer, 60)).split()[1])
    finally:
        writer.close()


def test_h3_a_hundred_long_uploads_at_once(roomy):
    instance, key = roomy
    bodies = [form(number) for number in range(UPLOADS)]
    peak(instance.process.pid, begin=True)

    async def everybody() -> list[int]:
        return await asyncio.gather(*(upload(instance.port, key, body) for body in bodies))

    answers = asyncio.run(everybody())
    most = peak(instance.process.pid) // 1024
    print(f"{UPLOADS} uploads of {MEGABYTES} MB: {most} MiB at most; answers {({s: answers.count(s) for s in {*answers}})}")
    assert most <= 256
    assert answers.count(200) >= 5 and {*answers} <= {200, 503}
    # None of the memory stays taken.
    assert asyncio.run(upload(instance.port, key, form(UPLOADS))) == 200


def test_h3_two_thousand_connections_on_which_nothing_is_said(roomy):
    instance, _ = roomy
    assert instance.caller("sofia").get("/services.json").status == 200
    before = instance.resident

    async def sit() -> None:
        connections = [await asyncio.open_connection("127.0.0.1", instance.port) for _ in range(IDLE)]
        for _, writer in connections:
            writer.write(b"GET /sofia/open311/v2/discovery.json HTTP/1.1\r\nHost: a\r\n\r\n")
        for reader, _ in connections:
            assert b" 200 " in await asyncio.wait_for(reader.readline(), 30)
        more = (instance.resident - before) // 1024
        print(f"{IDLE} connections: {more} MiB more")
        assert more <= 100
        assert instance.caller("sofia").get("/services.json").status == 200
        for _, writer in connections:
            writer.close()

    asyncio.run(sit())
    wait_until(lambda: instance.caller("sofia").get("/services.json").status == 200, within=10)
