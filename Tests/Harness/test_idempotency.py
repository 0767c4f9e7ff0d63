"""What was acknowledged is there, once: repeats, races and crashes (D1, D5, D5b)."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from kit.checker import judge
from kit.instance import Instance
from kit.wire import Caller

COUNTER = itertools.count()


def report(description: str, **fields) -> dict:
    return {
        "service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": description, **fields,
    }  # fmt: skip


def described(caller: Caller, text: str) -> list[dict]:
    """The stored reports of that description."""
    return [row for row in caller.get("/requests.json").json if row["description"] == text]


def test_d5_a_hundred_posts_of_one_key_make_one_report(viaduct):
    key, text = {"Idempotency-Key": f'"{uuid4()}"'}, "one of a hundred"

    def post(_) -> list:
        while (answer := viaduct.sofia.post("/requests.json", report(text), key)).status == 409:
            assert answer.header("Retry-After")
            time.sleep(0.1)
        return [answer.status, answer.json[0]["service_request_id"]]

    with ThreadPoolExecutor(100) as crowd:
        answers = list(crowd.map(post, range(100)))
    assert {status for status, _ in answers} == {200}
    assert len({number for _, number in answers}) == 1
    assert len(described(viaduct.sofia, text)) == 1


def test_d5_a_repeat_says_that_it_is_one(viaduct):
    key = {"Idempotency-Key": str(uuid4())}
    first = viaduct.sofia.post("/requests.json", report("repeated"), key)
    second = viaduct.sofia.post("/requests.json", report("repeated"), key)
    assert first.body == second.body
    assert first.header("Idempotent-Replayed") is None
    assert second.header("Idempotent-Replayed") == "true"


def test_d5_other_content_under_the_same_key_is_refused(viaduct):
    key = {"Idempotency-Key": str(uuid4())}
    assert viaduct.sofia.post("/requests.json", report("this"), key).status == 200
    answer = viaduct.sofia.post("/requests.json", report("that"), key)
    assert answer.status == 422
    answer.problems()


def test_d5_another_client_has_keys_of_its_own(viaduct):
    other = viaduct.instance.caller("sofia", viaduct.instance.key("another"))
    key, text = {"Idempotency-Key": str(uuid4())}, "two clients, one key"
    assert viaduct.sofia.post("/requests.json", report(text), key).status == 200
    deadline = time.monotonic() + 5
    while (status := other.post("/requests.json", report(text), key).status) == 403:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert status == 200
    assert len(described(viaduct.sofia, text)) == 2


def test_d5_a_key_whose_first_try_was_refused_is_still_good(viaduct):
    key = {"Idempotency-Key": str(uuid4())}
    assert viaduct.sofia.post("/requests.json", report("x", lat="91"), key).status == 400
    assert viaduct.sofia.post("/requests.json", report("second try"), key).status == 200


def test_d5_the_other_names_of_a_key(viaduct):
    for field in ("client_request_id", "attribute[fixmystreet_id]"):
        text, value = f"by {field}", str(uuid4())
        ids = {
            viaduct.sofia.post("/requests.json", report(text, **{field: value})).json[0]["service_request_id"]
            for _ in range(3)
        }  # fmt: skip
        assert len(ids) == 1 == len(described(viaduct.sofia, text))


def test_d5b_the_same_words_within_two_minutes_are_one_report(viaduct):
    text = "double tap"
    first, second = (viaduct.sofia.post("/requests.json", report(text)) for _ in range(2))
    assert first.body == second.body
    assert second.header("Idempotent-Replayed") == "true"
    assert viaduct.sofia.post("/requests.json", report(text, device_id="another phone")).body != first.body
    assert len(described(viaduct.sofia, text)) == 2


class Clients:
    """Clients that post until they are told to stop, each report until it is acknowledged."""

    def __init__(self, instance: Instance, key: str, count: int):
        self.caller = instance.caller("sofia", key)
        self.attempted: set[str] = set()
        self.ids: dict[str, set[str]] = {}
        self.odd: list[str] = []
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self) -> None:
        while not self._stopping.is_set():
            key = str(uuid4())
            with self._lock:
                self.attempted.add(key)
            self._deliver(key)

    def _deliver(self, key: str) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = self.caller.post("/requests.json", report(key), {"Idempotency-Key": key})
            except (OSError, AssertionError):
                time.sleep(0.05)
                continue
            if 200 <= answer.status < 300:
                with self._lock:
                    self.ids.setdefault(key, set()).add(answer.json[0]["service_request_id"])
                return
            if answer.status not in (409, 503):
                self.odd.append(f"{answer.status} {answer.text}")
                return
            time.sleep(0.05)
        self.odd.append(f"{key} was never acknowledged")


def stored(caller: Caller) -> list[str]:
    """The descriptions of all reports, page by page."""
    found: list[str] = []
    for page in itertools.count(1):
        rows = caller.get("/requests.json", page=page, page_size=1000).json
        if not rows:
            return found
        found += [row["description"] for row in rows]


def test_d1_twenty_kills_lose_nothing_and_double_nothing(fresh):
    key = fresh.key()
    fresh.start()
    with Clients(fresh, key, count=4) as clients:
        for _ in range(20):
            time.sleep(0.4)
            fresh.kill()
            fresh.start()
        time.sleep(0.4)
    assert clients.odd == []
    acknowledged = set(clients.ids)
    verdict = judge(clients.attempted, acknowledged, stored(clients.caller))
    print(f"acknowledged {len(acknowledged)}; {verdict}")
    assert verdict.good, verdict
    assert len(acknowledged) >= 100, "the clients hardly posted"
    assert all(len(ids) == 1 for ids in clients.ids.values()), "one key, one id"
