"""A quick peer for measurements: takes each report, answers with an id, and counts.

`python3 receiver.py PORT MILLISECONDS`: how long each answer takes. A GET tells how many reports came
since the last GET, and how many of them differed.
"""

import asyncio
import json
import sys

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s"
)


class Count:
    taken = 0
    different: set[bytes] = set()

    @classmethod
    def told(cls) -> bytes:
        told = json.dumps({"taken": cls.taken, "different": len(cls.different)}).encode()
        cls.taken, cls.different = 0, set()
        return told


class Connection(asyncio.Protocol):
    def __init__(self, delay: float):
        self.delay = delay
        self.bytes = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.bytes += data
        while (end := self.bytes.find(b"\r\n\r\n")) >= 0:
            head = self.bytes[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            whole = end + 4 + length
            if len(self.bytes) < whole:
                return
            body, self.bytes = self.bytes[end + 4 : whole], self.bytes[whole:]
            self.answer(Count.told() if head.startswith(b"get") else self.take(body))

    def take(self, body: bytes) -> bytes:
        Count.taken += 1
        Count.different.add(body)
        return b'[{"service_request_id":"b%d"}]' % Connection.number()

    numbers = 0

    @classmethod
    def number(cls) -> int:
        cls.numbers += 1
        return cls.numbers

    def answer(self, body: bytes) -> None:
        answer = ANSWER % (len(body), body)
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.transport.write, answer)
        else:
            self.transport.write(answer)


async def main() -> None:
    port, delay = int(sys.argv[1]), float(sys.argv[2]) / 1000
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(delay), "127.0.0.1", port, backlog=512)
    await server.serve_forever()


asyncio.run(main())
