"""H3: what many callers at once cost in memory: long uploads, and connections on which nothing is said."""

import asyncio
import resource
import time

import pytest

from kit import photos
from kit.instance import Instance, peak, wait_until

UPLOADS, MEGABYTES, SECONDS = 100, 10, 5
IDLE = 2000
ZEROS = memoryview(bytes((MEGABYTES << 20) // 50))
HEAD = (
    "POST /sofia/open311/v2/requests.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: {key}\r\n"
    "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
)



@pytest.fixture
def descriptors():
    """How many files a process may have open: as many as it may allow itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 1 << 16 if hard == resource.RLIM_INFINITY else min(hard, 1 << 16)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    yield max(soft, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def roomy(binary, descriptors):
    """A Viaduct that takes as many connections from one address as there may be."""
    with Instance(VIADUCT_LIMITS_CONNECTIONS="4096") as instance:
        key = instance.key()
        instance.start()
        yield instance, key
        assert instance.process.poll() is None, instance.tail


def form(number: int) -> list[bytes]:
    """A report with a photo of ten megabytes, most of which stand behind its end; in pieces, which share their zeros."""
    fields = {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": f"upload {number}"}
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    parts.append('--b\r\nContent-Disposition: form-data; name="media"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n')
    photo = photos.small(number, "JPEG")
    size = (MEGABYTES << 20) - len(photo)
    zeros = [ZEROS[:min(len(ZEROS), size - start)] for start in range(0, size, len(ZEROS))]
    return ["".join(parts).encode() + photo, *zeros, b"\r\n--b--\r\n"]


async def upload(port: int, key: str, number: int) -> int:
    """Sends one within five seconds, a bit at a time, until it is answered; the status of the answer.

    0: the connection was reset before the answer was read. Who is answered 503 has two seconds to read that.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    pieces = form(number)
    started, answer = time.monotonic(), asyncio.ensure_future(reader.readline())
    writer.write(HEAD.format(key=key, length=sum(map(len, pieces))).encode())
    for turn, piece in enumerate(pieces):
        if answer.done():
            break
        writer.write(piece)
        # What does not go out is not heaped up here.
        room = asyncio.ensure_future(writer.drain())
        await asyncio.wait([answer, room], return_when=asyncio.FIRST_COMPLETED)
        room.cancel()
        await asyncio.gather(room, return_exceptions=True)
        await asyncio.wait([answer], timeout=max(0.001, started + turn * SECONDS / len(pieces) - time.monotonic()))
    try:
        return int((await asyncio.wait_for(answer, 60)).split()[1])
    except ConnectionResetError:
        return 0
    finally:
        writer.close()


def test_h3_a_hundred_long_uploads_at_once(roomy):
    instance, key = roomy
    peak(instance.process.pid, begin=True)

    async def everybody() -> list[int]:
        return await asyncio.gather(*(upload(instance.port, key, number) for number in range(UPLOADS)))

    answers = asyncio.run(everybody())
    most = peak(instance.process.pid) // 1024
    print(f"{UPLOADS} uploads of {MEGABYTES} MB: {most} MiB at most; answers {({s: answers.count(s) for s in {*answers}})}")
    assert most <= 256
    assert answers.count(200) >= 5 and answers.count(0) <= UPLOADS // 2 and {*answers} <= {0, 200, 503}
    # None of the memory stays taken.
    assert asyncio.run(upload(instance.port, key, UPLOADS)) == 200


def test_h3_two_thousand_connections_on_which_nothing_is_said(roomy, descriptors):
    if descriptors < IDLE + 200:
        pytest.skip(f"{IDLE} connections need more open files than ulimit -Hn grants: {descriptors}")
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
