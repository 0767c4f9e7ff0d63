"""How much one caller may ask, over sockets and several nodes (A9, A10, H11; block G, 121 and 122)."""

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kit.cluster import Cluster
from kit.instance import Instance, wait_until
from kit.slow import Bystander, attack, open_files
from kit.wire import FORM, Caller, request, talk

SERVICES = "/sofia/open311/v2/services.json"
LIST = "/sofia/open311/v2/requests.json?page_size=1"


def rationed(**limits: str) -> dict[str, str]:
    """The environment of a Viaduct that counts, with some limits of its own."""
    return {"VIADUCT_LIMITS_RATES": "true"} | {f"VIADUCT_LIMITS_{n.upper()}": v for n, v in limits.items()}


def report(caller: Caller, text: str, headers: dict[str, str] | None = None):
    place = {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3"}
    return caller.post("/requests.json", {**place, "description": text}, headers)


def limit(answer) -> dict[str, tuple[int, int]]:
    """What is left of each ration, and when there is more."""
    found = re.findall(r'"(\w+)";r=(\d+);t=(\d+)', answer.header("RateLimit") or "")
    return {name: (int(left), int(wait)) for name, left, wait in found}


@pytest.fixture(scope="module")
def app(binary):
    """A Viaduct behind a proxy on 127.0.0.5, with a key that an app carries and one of a server."""
    limits = rationed(
        reports_of_address="5/h", lists_of_address="30/h", lists_of_key="50/h", wrong_keys="10/h",
        photos_of_address="2/h", connections_of_address="8",
    )  # fmt: skip
    surroundings = {"VIADUCT_HTTP_TRUSTED_PROXIES": "127.0.0.5", "VIADUCT_MEDIA_FETCH": "false"}
    with Instance(**surroundings, **limits) as instance:
        instance.app_key = instance.key("app", "--shared")
        instance.own_key = instance.key("server")
        instance.start()
        yield instance
        assert instance.process.poll() is None, instance.tail


def through_proxy(instance: Instance, raw: bytes):
    """One request that comes from the proxy's address."""
    with socket.create_connection(("127.0.0.1", instance.port), 10, source_address=("127.0.0.5", 0)) as proxy:
        proxy.sendall(raw)
        return proxy.recv(65536).decode()


def test_a10_an_app_has_a_ration_for_each_address(app):
    caller = app.caller("sofia", app.app_key)
    for number in range(5):
        answer = report(caller, f"from the app {number}")
        assert answer.status == 200 and limit(answer)["reports_of_address"][0] == 4 - number
    refused = report(caller, "one too many")
    assert refused.status == 429 and "Too many reports" in refused.problems()
    left, wait = limit(refused)["reports_of_address"]
    assert left == 0 and 0 < wait <= 720 and refused.header("Retry-After") == str(wait)
    assert refused.header("RateLimit-Policy").startswith('"reports_of_address";q=5;w=3600')
    assert caller.post("/requests.xml", {"service_code": "GRAFFITI"}).xml.findtext("error/code") == "429"
    # What may be sent with a key of one's own is another matter, and what may be read as well.
    assert report(app.caller("sofia", app.own_key), "from a server").status == 200
    assert caller.get("/services.json").status == 200
    page = app.admin_page("/metrics")[1]
    assert 'viaduct_limited_total{ration="reports_of_address"} 2' in page


def test_photos_have_a_ration_of_their_own(app):
    form = {"api_key": app.app_key, "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3"}
    urls = [f"https://photos.example/{number}.jpg" for number in range(3)]

    def post(at: str, *media: str) -> str:
        body = request("POST", "/sofia/open311/v2/requests.json", {
            "Content-Type": FORM, "X-Forwarded-For": at, "Connection": "close",
        }, "&".join([*(f"{n}={v}" for n, v in form.items()), *(f"media_url={m}" for m in media),
                     f"description={at}-{len(media)}"]).encode())  # fmt: skip
        return through_proxy(app, body)

    assert post("198.51.100.1", urls[0]).startswith("HTTP/1.1 200")
    said = post("198.51.100.1")
    assert said.startswith("HTTP/1.1 200") and "photos" not in said
    assert post("198.51.100.2", urls[0]).startswith("HTTP/1.1 200")
    said = post("198.51.100.2", urls[1])
    assert '"photos_of_address";r=0' in said, said
    said = post("198.51.100.2", urls[2])
    assert said.startswith("HTTP/1.1 429") and 'qu="photos"' in said


def test_122_the_eleventh_wrong_key_is_too_many(app):
    wrong = app.caller("sofia", "o311_" + "0" * 49)
    assert [report(wrong, "guessed").status for _ in range(11)] == [403] * 10 + [429]
    assert report(app.caller("sofia", app.own_key), "with a good key").status == 200


def test_h11_only_the_proxy_is_believed(app):
    def asked(address: str, **fields: str) -> int:
        """How many lists the address has left afterwards."""
        raw = request("GET", LIST, {"Connection": "close"} | {n.replace("_", "-"): v for n, v in fields.items()})
        with socket.create_connection(("127.0.0.1", app.port), 10, source_address=(address, 0)) as connection:
            connection.sendall(raw)
            said = connection.recv(65536).decode()
        return int(re.search(r'"lists_of_address";r=(\d+)', said).group(1))

    # Whoever is not the proxy may say what he likes.
    assert [asked("127.0.0.6", X_Forwarded_For=f"198.51.100.{n}") for n in range(5)] == [29, 28, 27, 26, 25]
    assert asked("127.0.0.6", Forwarded="for=198.51.100.9") == 24
    # Through the proxy, each is himself, whatever he says left of it.
    assert [asked("127.0.0.5", X_Forwarded_For=f"10.9.9.{n}, 203.0.113.7") for n in range(3)] == [29, 28, 27]
    assert asked("127.0.0.5", Forwarded='for=10.1.1.1, for="203.0.113.7:99"') == 26
    assert asked("127.0.0.5", X_Forwarded_For="203.0.113.8") == 29
    assert asked("127.0.0.5", X_Forwarded_For="2001:db8:1:2::3") == 29
    assert asked("127.0.0.5", X_Forwarded_For="2001:db8:1:ff::4") == 28, "a /56 is one"


def test_h11_the_log_blurs_whom_there_was_too_much_of(app):
    raw = request("GET", LIST, {"Connection": "close", "X-Forwarded-For": "8.8.8.8, 192.0.2.77"})
    statuses = [through_proxy(app, raw).split(" ")[1] for _ in range(31)]
    assert statuses == ["200"] * 30 + ["429"]

    def lines() -> list[dict]:
        found = [json.loads(line) for line in app.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in found if line.get("status") == 429 and line.get("from") == "192.0.2.0/24"]

    wait_until(lines, within=5)
    assert "192.0.2.77" not in app.log.read_text() and "8.8.8" not in app.log.read_text()


def test_one_address_has_so_many_connections(app):
    def connect(address: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", app.port), 10, source_address=(address, 0))

    def answers(connection: socket.socket) -> bool:
        try:
            connection.settimeout(5)
            connection.sendall(request("GET", SERVICES))
            return connection.recv(65536).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    crowd = [connect("127.0.0.7") for _ in range(8)]
    assert all(answers(connection) for connection in crowd)
    assert not answers(connect("127.0.0.7")), "the ninth is turned away"
    assert answers(connect("127.0.0.8")), "others are not"
    proxied = [connect("127.0.0.5") for _ in range(20)]
    assert all(answers(connection) for connection in proxied), "a trusted proxy has any number"
    crowd.pop().close()
    wait_until(lambda: answers(connect("127.0.0.7")), within=5, pause=0.2)
    assert int(re.search(r"turned_away_total (\d+)", app.admin_page("/metrics")[1]).group(1)) >= 1
    for connection in [*crowd, *proxied]:
        connection.close()


def test_a9_a_flood_with_one_key_leaves_others_alone(app):
    raw = request("GET", LIST, {"X-API-Key": app.own_key}) * 20
    over = time.monotonic() + 3

    def flood(_: int) -> list[int]:
        statuses = []
        while time.monotonic() < over:
            statuses += talk(app.port, raw, expecting=20, linger=0).statuses
        return statuses

    with Bystander(app.port) as bystander, ThreadPoolExecutor(4) as crowd:
        statuses = [status for some in crowd.map(flood, range(4)) for status in some]
    assert set(statuses) == {200, 429} and statuses.count(200) <= 50 + 2 and len(statuses) > 300
    assert set(bystander.statuses) == {"200"} and len(bystander.statuses) >= 10


def test_h1_one_address_cannot_take_all_connections(app):
    time.sleep(0.5)  # Until what the last test closed is closed.
    before = open_files(app)
    with Bystander(app.port, SERVICES) as bystander, attack(app, SERVICES, 6, "-H", "-i", "1"):
        time.sleep(1.5)
        most, started = 0, time.monotonic()
        while time.monotonic() - started < 1.5:
            most = max(most, open_files(app) - before)
            time.sleep(0.05)
    assert 6 <= most <= 8 + 3, most
    assert set(bystander.statuses) == {"200"}, bystander.statuses


def test_2_2_a_connection_ends_behind_its_last_request(fresh):
    fresh.environment["VIADUCT_LIMITS_REQUESTS_OF_CONNECTION"] = "5"
    fresh.start()
    conversation = talk(fresh.port, request("GET", SERVICES) * 5, expecting=5)
    assert conversation.statuses == [200] * 5 and conversation.closed
    assert [answer.header("Connection") for answer in conversation.answers] == [None] * 4 + ["close"]


def test_121_and_a9_nodes_count_together(binary):
    """Each of two nodes is asked in turns, at the same time by several: sixty in an hour, within a tenth."""
    with Cluster() as cluster:
        limits = rationed(reports_of_key="60/h") | {"VIADUCT_DATABASE_URL": cluster.url}
        with Instance(**limits) as one, Instance(**limits) as other:
            key = one.key()
            one.start()
            other.start()
            nodes = [one.caller("sofia", key), other.caller("sofia", key)]
            with ThreadPoolExecutor(6) as crowd:
                answers = list(crowd.map(lambda n: report(nodes[n % 2], f"number {n}"), range(150)))
            statuses = [answer.status for answer in answers]
            assert set(statuses) == {200, 429}
            assert 60 <= statuses.count(200) <= 66
            assert all(answer.header("Retry-After") for answer in answers if answer.status == 429)
            # Alone they go on counting, and taking what there is.
            cluster.stop()
            started = time.monotonic()
            assert nodes[0].get("/services.json").status == 200
            assert report(nodes[1], "while the database is away").status == 429
            assert time.monotonic() - started <= 2
