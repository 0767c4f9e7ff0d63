"""Scripts/bench deliveries: how fast what waits for a peer is handed over, and what a claim costs.

Reports are posted while the peers are paused; then one peer is resumed, and what it is sent is timed
from there to the end of the last delivery, with one relay and with two on the same database. The
receiver is driven by wrk in the same minute, so that it can be seen that it was not what we waited for.

A peer's pace holds over all relays together, so a second relay helps only where a relay is what is
waited for: what each drain cost in processor time is told beside it.

PostgreSQL has counted its tables by then, as autovacuum does in a server's first minutes.

Settings from the environment: BENCH_DELIVERIES (10000 a drain), BENCH_WAITING (100000 for the claims),
BENCH_DRAINS (of each kind: 3, or 1 as a part of all of `make bench`).
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from chart import Bar, bars_alone
from kit.cluster import Cluster, programs
from kit.instance import SETTINGS, Instance, wait_until, write_jurisdiction
from kit.peers import name_node, write_peer
from kit.ports import free_ports, is_open
from load import Load, processor_seconds, wrk
from statements import Statement, overhear, tell

HERE = Path(__file__).resolve().parent
COUNT = int(os.environ.get("BENCH_DELIVERIES", "10000"))
WAITING = int(os.environ.get("BENCH_WAITING", "100000"))
SECONDS = 10
"""How long the claims are listened to while they are made beside everything else."""
CLAIMS = 1000
"""How many claims are made one after another, with nothing beside them."""
MOST = 16
"""How many deliveries one claim of a relay takes at most."""
WARM = 500
"""Deliveries to each peer before anything is measured."""
GOAL, CLAIM_GOAL = 500, 5.0

TOWN = {
    "id": "town.example", "slug": "town", "name": {"en": "Town"}, "contact": "311@town.example",
    "languages": ["en"], "time_zone": "Europe/Sofia",
    "services": [{"code": "QUICK", "name": {"en": "Sidewalks"}}, {"code": "DISTANT", "name": {"en": "Lights"}}],
}  # fmt: skip


@dataclass
class Receiving:
    """A peer of its own process."""

    name: str
    delay: int
    """Milliseconds each answer takes."""
    concurrency: int
    """What the settings say that it takes at a time."""

    def __post_init__(self) -> None:
        self.port = free_ports(1)[0]
        self.process = subprocess.Popen(
            [sys.executable, HERE / "receiver.py", str(self.port), str(self.delay)], stdin=subprocess.DEVNULL
        )
        wait_until(lambda: is_open(self.port), within=10)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/open311/v2/"

    def counted(self) -> dict:
        with urlopen(self.address) as answer:
            return json.load(answer)

    def ceiling(self) -> Load:
        """What it takes from somebody who does nothing else, as many at a time as we may send."""
        load = wrk(self.address, 3, "post.lua", ("/open311/v2", "none", "ceiling"), connections=self.concurrency)
        self.counted()
        return load

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@dataclass
class Drain:
    """What one drain gave."""

    seconds: float
    count: int
    cost: dict[str, float]
    """Processor seconds by who used them."""
    load: float
    """The machine's load average when it began: others may be at work here."""

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def busy(self) -> float:
        return sum(self.cost.values()) / self.seconds


@dataclass
class Claims:
    """What claims took, in milliseconds."""

    name: str
    waiting: int
    took: list[float]
    used: list[float] = field(default_factory=list)
    """Processor time, where the server was asked for it."""
    load: float = field(default_factory=lambda: os.getloadavg()[0])


@dataclass
class Kind:
    """A peer, and by how many relays it is sent what waits."""

    peer: Receiving
    relays: int
    drains: list[Drain] = field(default_factory=list)

    @property
    def name(self) -> str:
        answers = f"answers after {self.peer.delay} ms" if self.peer.delay else "answers at once"
        relays = f"{self.relays} relay{'s'[: self.relays > 1]}"
        return f"{answers}, {self.peer.concurrency} at a time; {relays}"

    @property
    def rate(self) -> float:
        return statistics.median(drain.rate for drain in self.drains)

    def cost(self, who: str) -> float:
        """Microseconds a delivery."""
        return statistics.median(drain.cost[who] / drain.count * 1e6 for drain in self.drains)


class Bench:
    """A fresh database, a Viaduct, and its peers; a context."""

    def __init__(self):
        self.peers = [Receiving("quick", 0, 64), Receiving("distant", 50, 64)]
        self.told = 0

    def __enter__(self) -> "Bench":
        with ExitStack() as stack:
            self._enter(stack)
            self.stack = stack.pop_all()
        return self

    def _enter(self, stack: ExitStack) -> None:
        for peer in self.peers:
            stack.callback(peer.stop)
        self.cluster = stack.enter_context(Cluster())
        self.first = stack.enter_context(self._instance(SETTINGS))
        write_jurisdiction(self.first, TOWN)
        name_node(self.first, "bench.example")
        for peer in self.peers:
            write_peer(self.first, peer.name, peer.address, repeats="key", flow=["reports_out"],
                       services={peer.name.upper(): "1"}, pace={"concurrency": peer.concurrency})  # fmt: skip
        self.second = stack.enter_context(self._instance(self.first.settings))
        for name in ("VIADUCT_OUTBOUND_ALLOW", "VIADUCT_OUTBOUND_PORTS"):
            self.second.environment[name] = self.first.environment[name]
        key = self.first.key("bench")
        self.first.start()
        self.caller = self.first.caller("town", key)

    def __exit__(self, *_) -> None:
        self.stack.close()

    def _instance(self, settings: Path) -> Instance:
        return Instance(settings=settings, VIADUCT_DATABASE_URL=self.cluster.socket_url, VIADUCT_LOG_REQUESTS="false")

    # What waits.

    def waiting(self, peer: Receiving) -> int:
        return int(tell(self.cluster, f"SELECT count(*) FROM delivery WHERE peer = '{peer.name}' AND state = 'waiting'"))

    def pause(self, *peers: Receiving) -> None:
        for peer in peers:
            self.first.run("peer", "pause", peer.name, "--reason", "it is measured later")

    def fill(self, peer: Receiving, least: int) -> None:
        """Posts until so many reports wait for a peer that is paused."""
        address = f"http://127.0.0.1:{self.first.port}{self.caller.base}"
        while self.waiting(peer) < least:
            self.told += 1
            given = (self.caller.base, self.caller.key, f"r{self.told}", peer.name.upper())
            wrk(address, 1, "post.lua", given)
            # Until what wrk no longer waited for has been stored as well.
            time.sleep(0.5)
        tell(self.cluster, "VACUUM ANALYZE")

    # What goes out.

    def used(self, relays: list[Instance], peer: Receiving) -> dict[str, float]:
        """The processor seconds used until now, by who used them."""
        children = Path(f"/proc/{self.cluster.process.pid}/task/{self.cluster.process.pid}/children").read_text()
        return {
            "relay": sum(processor_seconds(relay.process.pid) for relay in relays),
            "PostgreSQL": sum(seconds_of(int(pid)) for pid in children.split()),
            "receiver": processor_seconds(peer.process.pid),
        }  # fmt: skip

    def drain(self, kind: Kind) -> Drain:
        """From `viaduct peer resume` to the end of the last delivery."""
        peer = kind.peer
        relays = [self.first, self.second][: kind.relays]
        waiting = self.waiting(peer)
        peer.counted()
        load, before, began = os.getloadavg()[0], self.used(relays, peer), time.time()
        self.first.run("peer", "resume", peer.name)
        wait_until(lambda: self.waiting(peer) == 0, within=60 + waiting / 50, pause=0.25)
        after = self.used(relays, peer)
        ended, done = tell(self.cluster, f"""
            SELECT extract(epoch FROM max(finished)), count(*) FILTER (
                WHERE state = 'done' AND finished >= to_timestamp({began})) FROM delivery
            WHERE peer = '{peer.name}'""").split("|")  # fmt: skip
        counted = peer.counted()
        assert int(done) == waiting == counted["taken"] == counted["different"], (done, waiting, counted)
        return Drain(float(ended) - began, waiting, {who: after[who] - before[who] for who in after}, load)

    def relays(self, wanted: int) -> None:
        """Has so many relays run: the second one is started or ended."""
        runs = self.second.process is not None and self.second.process.poll() is None
        if wanted == 2 and not runs:
            self.second.start()
        if wanted == 1 and runs:
            self.second.stop()

    # What a claim costs.

    def claims_under_way(self, peer: Receiving) -> Claims:
        """The claims of one relay while it hands over what waits, as PostgreSQL saw them.

        One transaction in four is written down by the server: what it took to bind it, which is
        where it is planned, and to execute it.
        """
        waiting = self.waiting(peer)
        log = self.cluster.directory / "server.log"
        settings = {"log_transaction_sample_rate": "0.25", "log_parameter_max_length": "0"}
        for name, value in settings.items():
            tell(self.cluster, f"ALTER SYSTEM SET {name} = {value}")
        tell(self.cluster, "SELECT pg_reload_conf(), pg_sleep(0.5)")
        start = log.stat().st_size
        self.first.run("peer", "resume", peer.name)
        time.sleep(SECONDS)
        self.pause(peer)
        for name in settings:
            tell(self.cluster, f"ALTER SYSTEM RESET {name}")
        tell(self.cluster, "SELECT pg_reload_conf(), pg_sleep(0.5)")
        took = claims_in(log.read_bytes()[start:].decode(errors="replace"))
        return Claims("of a relay at work", waiting, took)

    def claims_alone(self, peer: Receiving) -> list[Claims]:
        """The product's own claim, prepared, one after another: each of as many deliveries as one claim
        takes at most, and each of as many as a peer takes of which the settings say nothing.
        """
        heard = overhear(self.cluster, lambda: self.listen(peer), "lane")
        claim = next(s for s in heard if "seen AS MATERIALIZED" in s.text)
        self.first.stop()
        tell(self.cluster, f"UPDATE peer SET paused = NULL, pause_reason = NULL WHERE name = '{peer.name}'")
        usual = Statement(
            re.sub(r"LIMIT 24\b", "LIMIT 8", claim.text),
            ["4" if value in (str(MOST), str(peer.concurrency)) else value for value in claim.parameters],
        )
        assert usual.text != claim.text and usual.parameters.count("4") == 2, claim
        return [self.claims_of(usual, peer, 4), self.claims_of(claim, peer, MOST)]

    def claims_of(self, claim: Statement, peer: Receiving, size: int) -> Claims:
        """Makes a claim again and again; what is claimed ends before the next one, as deliveries do."""
        tell(self.cluster, FINISH)
        waiting = self.waiting(peer)
        values = ", ".join("NULL" if v is None else "'" + v.replace("'", "''") + "'" for v in claim.parameters)
        once = f"SET log_statement_stats = on;\nEXECUTE claim ({values});\nSET log_statement_stats = off;\n{FINISH};\n"
        file = self.first.directory / "claims.sql"
        file.write_text(
            f"SET client_min_messages = log;\nPREPARE claim AS {claim.text};\n\\o /dev/null\n" + once * CLAIMS
        )
        done = subprocess.run(
            [programs() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file, self.cluster.socket_url],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        # What is told of each claim is followed by what is told of the statement that stops the telling.
        said = re.findall(r"^!\t([\d.]+) s user, ([\d.]+) s system, ([\d.]+) s elapsed", done.stderr, re.M)[::2]
        assert len(said) == CLAIMS, len(said)
        took = [float(elapsed) * 1000 for _, _, elapsed in said]
        name = f"one after another, {size} deliveries each"
        return Claims(name, waiting, took, [(float(u) + float(k)) * 1000 for u, k, _ in said])

    def listen(self, peer: Receiving) -> None:
        self.first.run("peer", "resume", peer.name)
        time.sleep(1)
        self.pause(peer)


FINISH = """
    WITH over AS (DELETE FROM lane WHERE lease_until IS NOT NULL RETURNING delivery)
    UPDATE delivery SET state = 'done', finished = now() FROM over WHERE id = over.delivery"""
"""Ends what is claimed, as far as the next claim can tell."""


def seconds_of(pid: int) -> float:
    try:
        return processor_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def claims_in(log: str) -> list[float]:
    """Binding and executing of each claim in a server's log, in milliseconds."""
    bound: dict[str, float] = {}
    found = []
    for entry in re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", log):
        said = re.search(r"\[(\d+)\].* duration: ([\d.]+) ms  (bind|execute) .*seen AS MATERIALIZED", entry, re.S)
        if not said:
            continue
        session, took, step = said.groups()
        if step == "bind":
            bound[session] = float(took)
        elif session in bound:
            found.append(bound.pop(session) + float(took))
    return found


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[-1]


def measure(say, drains: int) -> tuple[list[Kind], list[Claims], dict[str, Load]]:
    """All drains, the claims by how they were made, and what each receiver takes."""
    with Bench() as bench:
        quick, distant = bench.peers
        kinds = [Kind(peer, relays) for peer in bench.peers for relays in (1, 2)]
        ceilings = {peer.name: peer.ceiling() for peer in bench.peers}
        bench.pause(quick, distant)
        for peer in bench.peers:
            bench.fill(peer, WARM)
            bench.drain(Kind(peer, 1))
            bench.pause(peer)
        for turn in range(drains):
            for kind in kinds:
                bench.fill(kind.peer, COUNT)
                bench.relays(kind.relays)
                drain = bench.drain(kind)
                kind.drains.append(drain)
                bench.pause(kind.peer)
                say(f"{turn + 1}/{drains} {kind.name}: {drain.rate:,.0f}/s of {drain.count:,}, "
                    f"{drain.busy:.1f} processors, load {drain.load:.1f}")  # fmt: skip
        bench.relays(1)
        bench.fill(quick, WAITING)
        claims = [bench.claims_under_way(quick)]
        bench.fill(quick, WAITING)
        claims += bench.claims_alone(quick)
    return kinds, claims, ceilings


def table(kinds: list[Kind], claims: list[Claims], ceilings: dict[str, Load], at: str) -> str:
    """The results in words."""
    least = min(drain.count for kind in kinds for drain in kind.drains)
    loads = [drain.load for kind in kinds for drain in kind.drains]
    lines = [
        HEADING, "",
        f"{at}, {os.cpu_count()} cores that relays, PostgreSQL and receiver share, with a load average of {min(loads):.1f} to "
        f"{max(loads):.1f}: what is far above {os.cpu_count()} is other work on the machine, which makes each figure worse. {least:,} reports or more "
        f"wait for a peer; timed from `viaduct peer resume` to the end of the last delivery, median of {len(kinds[0].drains)}; each report came "
        f"once. The goal is {GOAL}/s with one relay. A peer takes so many at a time from all relays together, of which one takes 32 at most: a second "
        "relay helps where a peer's answers are what is waited for, and not where processors are.", "",
        "| Peer; relays | Deliveries/s | Beside one relay | Receiver alone/s | Processors busy with it | CPU µs/delivery: relays, PostgreSQL, receiver |",
        "|---|---:|---:|---:|---:|---|",
    ]  # fmt: skip
    for kind in kinds:
        one = next(k for k in kinds if k.peer is kind.peer and k.relays == 1)
        cost = ", ".join(f"{kind.cost(who):.0f}" for who in ("relay", "PostgreSQL", "receiver"))
        busy = statistics.median(drain.busy for drain in kind.drains)
        lines.append(
            f"| {kind.name} | **{kind.rate:,.0f}** | {kind.rate / one.rate:.2f} | {ceilings[kind.peer.name].rate:,.0f} "
            f"| {busy:.1f} | {cost} |"
        )
    lines += [
        "", f"A claim as PostgreSQL runs it; the goal is p99 ≤ {CLAIM_GOAL:.0f} ms. A relay at work "
        f"takes what has become free of its 32 places, {MOST} at most; where the settings say nothing, a peer takes 4 at a time. CPU is what the server used for it, whoever else "
        "was at work.", "",
        "| Claims | Waiting | Number | Load average | p50 ms | p99 ms | CPU p50 ms | CPU p99 ms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for made in claims:
        used = [f"{value:.2f}" for value in (statistics.median(made.used), p99(made.used))] if made.used else ["–", "–"]
        lines.append(
            f"| {made.name} | {made.waiting:,} | {len(made.took):,} | {made.load:.1f} | {statistics.median(made.took):.2f} "
            f"| **{p99(made.took):.2f}** | {used[0]} | {used[1]} |"
        )
    return "\n".join([*lines, ""])


HEADING = "## Deliveries"


def run(say, at: str, drains: int) -> None:
    """Measures it all, and puts it at the end of results.md and into deliveries.svg."""
    kinds, claims, ceilings = measure(say, int(os.environ.get("BENCH_DRAINS", drains)))
    words = table(kinds, claims, ceilings, at)
    file = HERE / "results.md"
    file.write_text(file.read_text().partition(HEADING)[0].rstrip() + "\n\n" + words)
    rows = [Bar(kind.name, kind.rate, GOAL, "") for kind in kinds]
    (HERE / "deliveries.svg").write_text(bars_alone(rows, "Deliveries a second"))
    print("\n" + words)
