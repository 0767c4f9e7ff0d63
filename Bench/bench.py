"""make bench: a million generated reports, each kind of call beside its yardstick in the same minute.

Reads and POSTs stand beside pgbench running the gateway's own prepared statements on 8 connections
of the same server; lists from memory stand beside nginx serving the same bytes. All of it shares
this machine with the load generators, so read the ratios, not the rates.

Callers that wait anyway share a statement or a whole list, which pgbench does not do. So lists are
measured twice: the same for everybody, and each with a moment of its own.

Then what waits for peers is handed over (deliveries.py); `bench.py deliveries` measures only that.

Settings from the environment: BENCH_COUNT (1000000), BENCH_SECONDS (3 a run), BENCH_ROUNDS (9: a neighbour on the machine
moves single rounds by a half).
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests" / "Harness"))

import deliveries  # noqa: E402
from chart import Bar, picture  # noqa: E402
from kit.cluster import Cluster, programs  # noqa: E402
from kit.instance import BINARY, ROOT, Instance, resident, wait_until  # noqa: E402
from kit.ports import free_ports, is_open  # noqa: E402
from load import CONNECTIONS, Load, pgbench, processor_seconds, wrk  # noqa: E402
from statements import Statement, as_script, overhear, tell  # noqa: E402

COUNT = int(os.environ.get("BENCH_COUNT", "1000000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
NUMBERED, FIRST = min(20_000, COUNT // 4), 100_000
"""Reports whose ids are numbers, so that wrk and pgbench can both ask for any of them."""
MEMORY = 64
RATIONED = {"VIADUCT_LIMITS_RATES": "true"} | {
    f"VIADUCT_LIMITS_{ration}": "1000000000/s"
    for ration in ("REPORTS_OF_KEY", "LISTS_OF_KEY", "LISTS_OF_ADDRESS")
}
"""Callers are counted as they are in earnest, and never get to the end of what they may."""
DIFFERENT = 5 * 86400
"""Different lists begin at any second of these; the last five days have some thousand reports."""


def say(words: str) -> None:
    print(f"==> {words}", flush=True)


@dataclass
class Work:
    """One kind of call, its goal, and what its runs gave."""

    name: str
    goal: float
    yardstick: str
    run: object
    measure: object
    ours: list[Load] = field(default_factory=list)
    theirs: list[Load] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    """Microseconds of the gateway's processor time an answer."""
    memory: int = 0

    @property
    def ratio(self) -> float:
        return statistics.median(o.rate / t.rate for o, t in zip(self.ours, self.theirs))

    def middle(self, what: str, loads: list[Load] | None = None) -> float:
        return statistics.median(getattr(load, what) for load in (loads or self.ours))


def keep_for_ever(instance: Instance) -> None:
    """Nobody's data goes while we measure: the sample tells of years, and all of its old people would be due at once."""
    for jurisdiction in (instance.settings / "jurisdictions").glob("*.yaml"):
        with jurisdiction.open("a") as file:
            file.write("\nprivacy: {retention: {contact: off, device: off, peer_payloads: off}}\n")


def fill(instance: Instance, cluster: Cluster) -> float:
    """The million, and the numbered ones; returns the seconds that the million took."""
    started = time.monotonic()
    command = subprocess.Popen(
        [BINARY, "sample", "--count", str(COUNT), "--jurisdiction", "sofia"], env=instance.environment,
        stdin=subprocess.DEVNULL, cwd=instance.directory,
    )  # fmt: skip
    assert command.wait() == 0, "viaduct sample failed"
    seconds = time.monotonic() - started
    rows = json.loads(tell(cluster, f"""
        SELECT json_agg(row_to_json(r)) FROM (
            SELECT 'bench-' || ({FIRST} - 1 + row_number() OVER (ORDER BY id)) AS service_request_id, status,
                status_notes, service AS service_code, service_name, description, agency AS agency_responsible,
                to_char(requested AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS requested_datetime,
                to_char(updated AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS updated_datetime,
                address, latitude AS lat, longitude AS long
            FROM report WHERE jurisdiction = 'sofia.example' AND visibility = 'public'
            ORDER BY id LIMIT {NUMBERED}) r"""))  # fmt: skip
    file = instance.directory / "numbered.json"
    file.write_text(json.dumps(rows))
    instance.run("import", "requests", str(file), "--jurisdiction", "sofia.example", within=300)
    # What loading left to do is done before anything is measured, as pgbench does after its own.
    tell(cluster, "VACUUM ANALYZE")
    tell(cluster, "CHECKPOINT")
    return seconds


class Nginx:
    """The same bytes as a file, from a web server that does nothing else."""

    def __init__(self, body: bytes, kind: str):
        self.directory = Path("/tmp") / f"viaduct-nginx-{os.getpid()}"
        self.port = free_ports(1)[0]
        (self.directory / "site").mkdir(parents=True)
        self.directory.chmod(0o755)
        (self.directory / "site" / "services.json").write_bytes(body)
        (self.directory / "nginx.conf").write_text(f"""
            daemon off; worker_processes auto; pid nginx.pid; error_log error.log;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
                default_type "{kind}"; types {{ }}
                server {{ listen 127.0.0.1:{self.port}; root {self.directory}/site; }}
            }}""")  # fmt: skip
        self.process = subprocess.Popen(
            [shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), "-p", self.directory,
             "-c", "nginx.conf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda: is_open(self.port), within=10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services.json"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)


def works(instance: Instance, cluster: Cluster, key: str, nginx: Nginx, tag: str) -> list[Work]:
    """Each kind of call with the statements that the gateway was heard to send for it."""
    caller = instance.caller("sofia", key)
    address = f"http://127.0.0.1:{instance.port}{caller.base}"

    def read(path: str, mark: str, **query) -> Statement:
        """The statement that holds the mark; jobs of the gateway's own may be heard beside it."""
        heard = overhear(cluster, lambda: check(caller.get(path, **query)), "report")
        return next(s for s in heard if mark in s.parameters or mark in s.text)

    def database(script: str, values: dict) -> Load:
        return pgbench(programs(), cluster.socket_url, script, values, SECONDS, instance.directory)

    one = read(f"/requests/bench-{FIRST}.json", f"bench-{FIRST}")
    place = one.parameters.index(f"bench-{FIRST}") + 1
    random = f"\\set n random({FIRST}, {FIRST + NUMBERED - 1})\n"
    one_script = as_script(one, {place: "('bench-' || :n::text)"}, random)
    newest_script = as_script(read("/requests.json", "LIMIT 51", page_size=50))
    earliest = int(time.time()) - DIFFERENT
    different_script = differing(
        read("/requests.json", "LIMIT 51", page_size=50, end_date=moment(earliest)), earliest)
    post_script = posting(cluster, caller)
    numbers = iter(range(1_000_000))
    ids = (address, FIRST, NUMBERED)
    newest = f"{address}/requests.%s?page_size=50"
    plain = f"{address}/services.json"
    tagged = (f"If-None-Match: {tag}",)
    return [
        Work("GET one, JSON", 0.5, "pgbench", lambda: wrk(address, SECONDS, "get.lua", ids),
             lambda: database(*one_script)),
        Work("GET 50 newest, JSON", 0.55, "pgbench", lambda: wrk(newest % "json", SECONDS),
             lambda: database(*newest_script)),
        Work("GET 50 newest, XML", 0.6, "pgbench", lambda: wrk(newest % "xml", SECONDS),
             lambda: database(*newest_script)),
        Work("GET 50, all different, JSON", 0.55, "pgbench",
             lambda: wrk(address, SECONDS, "lists.lua", (address, "json", earliest, DIFFERENT)),
             lambda: database(*different_script)),
        Work("GET 50, all different, XML", 0.6, "pgbench",
             lambda: wrk(address, SECONDS, "lists.lua", (address, "xml", earliest, DIFFERENT)),
             lambda: database(*different_script)),
        Work("POST", 0.65, "pgbench",
             lambda: wrk(address, SECONDS, "post.lua", (caller.base, key, f"r{next(numbers)}")),
             lambda: database(*post_script)),
        Work("GET services", 0.4, "nginx", lambda: wrk(plain, SECONDS), lambda: wrk(nginx.url, SECONDS)),
        Work("GET services, 304", 0.4, "nginx, 200", lambda: wrk(plain, SECONDS, headers=tagged),
             lambda: wrk(nginx.url, SECONDS)),
    ]  # fmt: skip


def moment(seconds: int, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return time.strftime(form, time.gmtime(seconds))


def differing(statement: Statement, earliest: int) -> tuple[str, dict]:
    """The statement of a list that ends at a moment, and begins 90 days before it."""
    new = {}
    for bound in (earliest, earliest - 90 * 86400):
        text = moment(bound, "%Y-%m-%d %H:%M:%S+00")
        new[statement.parameters.index(text) + 1] = f"(timestamptz '{text}' + :n::int * interval '1 second')"
    return as_script(statement, new, f"\\set n random(0, {DIFFERENT - 1})\n")


def posting(cluster: Cluster, caller) -> tuple[str, dict]:
    """The statement of a POST; what must be new each time is made new by an expression."""
    form = {
        "service_code": "SIDEWALK", "lat": "42.691234", "long": "23.3219", "address_string": "bul. Vitosha 15",
        "email": "reporter@example.org", "description": "A broken slab r0-1-1",
    }  # fmt: skip
    heard = overhear(cluster, lambda: check(caller.post("/requests.json", form)), "idempotency")
    statement = next(s for s in heard if "INSERT INTO report" in s.text)
    new = {}
    for number, value in enumerate(statement.parameters, 1):
        if value is None:
            continue
        if re.fullmatch(r"sofia-[0-9A-Z]{8,}", value):
            new[number] = "('sofia-B' || :n::text)"
        elif re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
            new[number] = "md5(:n::text)::uuid"
        elif re.fullmatch(r"[0-9a-fA-F]{64}", value):
            new[number] = "(md5(:n::text) || md5(:n::text))"
    assert len(new) == 3, (new, statement)
    return as_script(statement, new, "\\set n random(1, 9000000000000000000)\n")


def check(answer) -> None:
    assert answer.status == 200, answer


def measure(instance: Instance, all_works: list[Work]) -> None:
    """The yardstick and then ours, right after one another, round by round.

    POSTs come last: pgbench asks for the newest of the moment at which the statement was overheard,
    and would have to walk over all that was told since.
    """
    pid = instance.process.pid
    for work in sorted(all_works, key=lambda work: work.name == "POST"):
        for turn in range(ROUNDS):
            theirs = work.measure()
            before = processor_seconds(pid)
            ours = work.run()
            used = processor_seconds(pid) - before
            work.theirs.append(theirs)
            work.ours.append(ours)
            work.cost.append(used / ours.count * 1e6)
            work.memory = max(work.memory, instance.resident)
            say(f"{turn + 1}/{ROUNDS} {work.name}: {ours.rate:,.0f}/s beside {theirs.rate:,.0f}/s "
                f"of {work.yardstick}, ratio {ours.rate / theirs.rate:.2f}")  # fmt: skip


def export(instance: Instance) -> tuple[list[tuple[float, float]], float, int]:
    """Resident memory over time while everything is exported; seconds and bytes."""
    samples, size, started = [(0.0, 0.0)], 0, time.monotonic()
    process = subprocess.Popen(
        [BINARY, "export", "requests", "--jurisdiction", "sofia", "--format", "json"], env=instance.environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=instance.directory,
    )  # fmt: skip

    def watch() -> None:
        while process.poll() is None:
            try:
                samples.append((time.monotonic() - started, resident(process.pid) / 1024))
            except (OSError, AttributeError):
                return
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    while piece := process.stdout.read(1 << 20):
        size += len(piece)
    watcher.join()
    assert process.wait() == 0, "viaduct export failed"
    return samples, time.monotonic() - started, size


def table(all_works: list[Work], loading: float, exported: tuple, at: str) -> str:
    """The results in words."""
    samples, seconds, size = exported
    highest = max(mib for _, mib in samples)
    processor = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), "?")  # fmt: skip
    lines = [
        "# What `make bench` measured", "",
        f"{at}, {os.cpu_count()} cores ({processor}) shared with the load generators, {COUNT:,} generated "
        f"reports, {CONNECTIONS} connections, median of {ROUNDS} rounds of {SECONDS} s. pgbench runs the "
        "gateway's own prepared statement on 8 connections of the same server in the same minute; nginx serves "
        "the same bytes from a file.", "",
        "Callers that wait for the same list share it: it is read and written once for all that came before "
        "it was begun, and look-ups of several ids go as one statement; pgbench runs each for itself. What a "
        "list costs that nobody else asks for is in the rows whose lists are all different, each ending at a moment of its own.", "",
        "| Call | Answers/s | Yardstick/s | Ratio | Goal | p50 ms | p99 ms | CPU µs/answer | Resident MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for work in all_works:
        lines.append(
            f"| {work.name} | {work.middle('rate'):,.0f} | {work.middle('rate', work.theirs):,.0f} ({work.yardstick}) "
            f"| **{work.ratio:.2f}** | ≥ {work.goal} | {work.middle('median'):.1f} | {work.middle('p99'):.1f} "
            f"| {statistics.median(work.cost):.0f} | {work.memory / 1024:.0f} |"
        )
    lines += [
        "", f"Loading: {COUNT:,} reports in {loading:.0f} s ({COUNT / loading:,.0f}/s).",
        f"Export of all of them as JSON: {size / 1e6:,.0f} MB in {seconds:.0f} s, at most {highest:.0f} MiB resident.", "",
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    started = time.monotonic()
    assert BINARY.exists(), f"{BINARY} is not built: make bench builds it"
    at = time.strftime("%-d %B %Y", time.gmtime())
    assert sys.argv[1:] in ([], ["deliveries"]), "bench.py, or bench.py deliveries"
    if not sys.argv[1:]:
        calls(at)
    say("Measuring how fast what waits for a peer is handed over")
    deliveries.run(say, at, drains=3 if sys.argv[1:] else 1)
    say(f"Done in {(time.monotonic() - started) / 60:.1f} minutes; see Bench/results.md and the pictures beside it")


def calls(at: str) -> None:
    """All that callers ask for; results.md begins with it."""
    with Cluster() as cluster, Instance(settings=ROOT / "Examples", VIADUCT_DATABASE_URL=cluster.socket_url,
                                        VIADUCT_LOG_REQUESTS="false", **RATIONED) as instance:  # fmt: skip
        keep_for_ever(instance)
        say(f"Loading {COUNT:,} generated reports")
        loading = fill(instance, cluster)
        key = instance.key("bench")
        instance.start()
        caller = instance.caller("sofia", key)
        services = caller.get("/services.json")
        tag = services.header("ETag")
        nginx = Nginx(services.body, services.header("Content-Type"))
        try:
            say("Reading off the statements that the gateway sends")
            all_works = works(instance, cluster, key, nginx, tag)
            say(f"Measuring {len(all_works)} kinds of calls, {ROUNDS} rounds of {SECONDS} s each way")
            measure(instance, all_works)
        finally:
            nginx.stop()
        say("Exporting all of it")
        exported = export(instance)
    words = table(all_works, loading, exported, at)
    _, heading, old = (HERE / "results.md").read_text().partition(deliveries.HEADING)
    (HERE / "results.md").write_text(f"{words}\n{heading}{old}" if heading else words)
    rows = [Bar(w.name, w.ratio, w.goal, f"of {w.yardstick}") for w in all_works]
    (HERE / "results.svg").write_text(picture(rows, exported[0], MEMORY))
    print("\n" + words)


main()
