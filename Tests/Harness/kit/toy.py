"""A toy of Viaduct, in which faults are planted to see that the checker finds them (reliability.md 9, rule 8).

It keeps the promises in the same way: one transaction for a report and its deliveries, leases with
a fencing number, a look before what may have arrived is sent again, a feed that shows a change only
when all older transactions have ended. Everybody in it is a generator that stops wherever a process
may die or be stopped; one seeded chance decides whose turn it is. So a run is the same whenever it
is told the same seed, and takes no time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from .checker import Destination
from .history import History

PLANTS = {
    "dual write": "the report is committed first, and its deliveries afterwards",
    "no fencing": "nobody asks whether a delivery is still theirs, before sending or after",
    "cursor on updated_at": "a reader goes on behind the time of the last change it saw",
    "no look": "what may have arrived is sent again without a look",
    "no order": "a delivery does not wait for the earlier ones of its report",
}
LEASE, PAUSE, PATIENCE = 120, 12, 40
"""A lease, the wait for another try, and how long an answer is waited for, in ticks."""

Steps = Iterator[None]


class Cut(Exception):
    """The connection ended without an answer."""


class Overtaken(Exception):
    """The lease has ended before the first byte went out."""


@dataclass
class Row:
    """A delivery."""

    key: str
    peer: str
    state: str = "waiting"
    doubt: bool = False
    due: int = 0
    lease: int = 0
    until: int = 0

    @property
    def name(self) -> str:
        return f"{self.key}→{self.peer}"


@dataclass
class Receiver:
    """A peer that can be asked what it has; `flaps` fails as often as those that were measured."""

    name: str
    flaps: bool
    has: set[str] = field(default_factory=set)


@dataclass
class Actor:
    """Somebody who acts in steps, as a part of a process or (`process` 0) outside of it."""

    name: str
    steps: Steps
    process: int
    stopped_until: int = 0


class Toy:
    """One run: clients, a process that is killed again and again, two peers, a reader of the feed."""

    def __init__(self, seed: int, plant: str | None = None, reports: int = 60, kills: int = 25):
        assert plant is None or plant in PLANTS
        self.random, self.plant, self.kills = Random(seed), plant, kills
        self.now, self.process = 0, 1
        self.history = History(clock=lambda: self.now)
        self.reports: dict[str, str] = {}
        self.rows: list[Row] = []
        self.feed: list[tuple[int, int, str]] = []
        """What the feed shows: the number of the transaction, its time, the key."""
        self.transactions: set[int] = set()
        self.transaction = 0
        self.peers = [Receiver("roads", flaps=False), Receiver("lights", flaps=True)]
        self.left = reports
        self.calls: list[tuple[str, list]] = []
        """What waits to be taken by the process: a key, and where the answer goes."""
        self.actors = [Actor(f"client-{n}", self.client(n), 0) for n in range(4)]
        self.actors.append(Actor("reader", self.reader(), 0))
        self.start()

    @property
    def destinations(self) -> list[Destination]:
        return [Destination(peer.name) for peer in self.peers] + [Destination("reader")]

    # The scheduler.

    def run(self) -> History:
        """Runs until everything is drained, or nothing more can come of it."""
        last_kill = 0
        while self.kills > 0 or self.is_busy:
            self.now += 1
            if self.kills > 0 and self.now - last_kill > self.random.randint(15, 60):
                self.strike()
                last_kill = self.now
            ready = [actor for actor in self.actors if actor.stopped_until <= self.now]
            if ready:
                self.step(self.random.choice(ready))
            if self.now > 200_000:
                self.history.note("toy", "info", "left", text="the run does not end")
                break
        for key in self.reports:
            self.history.note("database", "info", "stored", key=key)
        self.history.note("database", "info", "looked")
        return self.history

    @property
    def is_busy(self) -> bool:
        """Whether somebody still has something to do."""
        at_work = any(actor.name.startswith("client") for actor in self.actors)
        held = any(actor.stopped_until > self.now for actor in self.actors)
        if at_work or held or self.calls or any(row.state != "done" for row in self.rows):
            self.quiet = self.now + 10 * LEASE
        return self.now < self.quiet

    def step(self, actor: Actor) -> None:
        try:
            next(actor.steps)
        except StopIteration:
            self.actors.remove(actor)

    def strike(self) -> None:
        """Kills the process, or stops one of its workers for longer than a lease."""
        self.kills -= 1
        workers = [actor for actor in self.actors if actor.name.startswith("worker")]
        if self.random.random() < 0.5:
            self.history.note("nemesis", "info", "stop")
            self.random.choice(workers).stopped_until = self.now + LEASE + LEASE // 2
            return
        self.history.note("nemesis", "info", "kill")
        self.actors = [actor for actor in self.actors if actor.process == 0]
        for _, answer in self.calls:
            answer.append(None)
        self.calls, self.transactions = [], set()
        self.process += 1
        self.start()

    def start(self) -> None:
        self.quiet = self.now + 10 * LEASE
        for number in range(3):
            self.actors.append(Actor(f"gateway-{number}", self.gateway(), self.process))
            self.actors.append(Actor(f"worker-{number}", self.worker(f"w{number}"), self.process))

    # Whoever tells us something.

    def client(self, number: int) -> Steps:
        while self.left > 0:
            self.left -= 1
            report = f"r{number}x{self.left}"
            for key in (f"{report}/0", f"{report}/1"):
                yield from self.tell(f"client-{number}", key)

    def tell(self, who: str, key: str) -> Steps:
        while True:
            self.history.note(who, "invoke", "tell", key=key)
            answer: list = []
            self.calls.append((key, answer))
            begun, process = self.now, self.process
            while not answer and self.process == process and self.now - begun < 400:
                yield
            if answer and answer[0]:
                self.history.note(who, "ok", "tell", key=key, id=answer[0], status=200)
                return
            self.history.note(who, "info", "tell", key=key)

    # The process.

    def gateway(self) -> Steps:
        while True:
            while not self.calls:
                yield
            key, answer = self.calls.pop(0)
            if key not in self.reports:
                yield from self.store(key)
            yield
            answer.append(self.reports[key])

    def store(self, key: str) -> Steps:
        self.transaction += 1
        number, time = self.transaction, self.now
        self.transactions.add(number)
        for _ in range(self.random.randint(1, 8)):
            yield
        # COMMIT: what follows without a stop is seen by others at once.
        self.transactions.discard(number)
        if key in self.reports:
            return
        self.reports[key] = f"id-{len(self.reports)}"
        self.feed.append((number, time, key))
        if self.plant == "dual write":
            yield
        self.rows += [Row(key, peer.name) for peer in self.peers]

    def worker(self, name: str) -> Steps:
        while True:
            row = self.claim(name)
            if row is None:
                yield
                continue
            lease, doubt, until = row.lease, row.doubt, row.until
            yield
            peer = next(peer for peer in self.peers if peer.name == row.peer)
            if doubt and self.plant != "no look" and row.key in peer.has:
                step = ("done", False)
            else:
                yield
                try:
                    step = ("done" if (yield from self.send(row, peer, until)) else "waiting", False)
                except Cut:
                    step = ("waiting", True)
                except Overtaken:
                    continue
            yield
            self.finish(name, row, lease, *step)

    def claim(self, name: str) -> Row | None:
        """Takes what is due, in order per report and peer; a lapsed lease leaves a doubt."""
        held: set[tuple[str, str]] = set()
        for row in self.rows:
            place = (row.peer, row.key.partition("/")[0])
            is_due = row.due <= self.now and row.until <= self.now and row.state == "waiting"
            if is_due and (place not in held or self.plant == "no order"):
                row.doubt = row.doubt or row.until > 0
                row.lease, row.until = row.lease + 1, self.now + LEASE
                self.history.note(name, "info", "claim", delivery=row.name, lease=row.lease)
                return row
            if row.state == "waiting":
                held.add(place)
        return None

    def finish(self, name: str, row: Row, lease: int, state: str, doubt: bool) -> None:
        is_ours = row.lease == lease or self.plant == "no fencing"
        kind = "ok" if is_ours else "fail"
        self.history.note(name, kind, "finish", delivery=row.name, lease=lease, state=state)
        if is_ours:
            row.state, row.doubt, row.until = state, doubt, 0
            row.due = self.now + self.random.randint(PAUSE // 2, PAUSE)

    def send(self, row: Row, peer: Receiver, until: int) -> Iterator:
        """Whether the peer took it; `Cut` if nobody knows.

        Who was stopped between the claim and the first byte must look at the clock: another has
        looked at the peer since, found nothing, and sends.
        """
        chance = self.random.random() if peer.flaps else 1
        yield
        if self.now >= until and self.plant != "no fencing":
            raise Overtaken
        if chance < 0.08:
            return False
        if chance < 0.12:
            raise Cut
        peer.has.add(row.key)
        self.history.note(peer.name, "info", "effect", key=row.key)
        if chance < 0.19:
            for _ in range(PATIENCE if chance < 0.16 else 1):
                yield
            raise Cut
        yield
        return True

    # Whoever follows the feed.

    def reader(self) -> Steps:
        """Goes on from its cursor; what it can see depends on what the cursor is made of."""
        cursor = 0
        while True:
            if self.plant == "cursor on updated_at":
                seen = [(time, key) for _, time, key in self.feed if time > cursor]
            else:
                horizon = min(self.transactions, default=self.transaction + 1)
                seen = [(number, key) for number, _, key in self.feed if cursor < number < horizon]
            for place, key in sorted(seen):
                self.history.note("reader", "info", "effect", key=key)
                cursor = max(cursor, place)
            for _ in range(3):
                yield
