"""What became of what was promised: the classes of Jepsen's total-queue (reliability.md 9).

Pure: from a history to findings. Whatever is told has a key, `NAME/0` for a report and `NAME/1`,
`NAME/2` … for what is said about it later, so that whoever sees a key knows where it belongs and
what must come before it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields

from .history import Event, History


@dataclass
class Verdict:
    lost: set[str]
    """Acknowledged, and not there."""
    duplicated: set[str]
    """There more than once."""
    unexpected: set[str]
    """There, and never sent."""
    recovered: set[str]
    """There, though nobody was told: allowed."""

    @property
    def good(self) -> bool:
        return not (self.lost or self.duplicated or self.unexpected)

    def __str__(self) -> str:
        return ", ".join(f"{name} {len(keys)}" for name, keys in vars(self).items())


def judge(attempted: set[str], acknowledged: set[str], found: list[str]) -> Verdict:
    """Compares the keys sent and acknowledged with the keys of what is stored."""
    there = Counter(found)
    return Verdict(
        lost={key for key in acknowledged if key not in there},
        duplicated={key for key, times in there.items() if times > 1},
        unexpected={key for key in there if key not in attempted},
        recovered={key for key in there if key in attempted - acknowledged},
    )


@dataclass(frozen=True)
class Destination:
    """Somebody who must get what was acknowledged: a receiver, another node, a reader of a feed."""

    name: str
    doubts: str = "none"
    """What it may miss or see twice: `none`; `told` only what a person has been told of (a peer with
    neither key nor look-up)."""
    wants: object = None
    """Which keys go there, as a function; all without it."""

    def expects(self, key: str) -> bool:
        return self.wants is None or bool(self.wants(key))


@dataclass
class Findings:
    """What a run has shown; each as lines for people, and all but `recovered` are faults."""

    lost: list[str] = field(default_factory=list)
    """Acknowledged, and not stored, or not at a destination."""
    unexpected: list[str] = field(default_factory=list)
    """An effect that nobody asked for."""
    duplicated: list[str] = field(default_factory=list)
    """An effect that came twice, and no person was told."""
    out_of_order: list[str] = field(default_factory=list)
    """What came first at a destination, though it was told later."""
    renamed: list[str] = field(default_factory=list)
    """One key with two ids, or one id for two keys."""
    unfit: list[str] = field(default_factory=list)
    """Answers that no client may see: 5xx other than 503 and 504 with Retry-After, or no id."""
    overtaken: list[str] = field(default_factory=list)
    """A worker finished what was not its own any more."""
    apart: list[str] = field(default_factory=list)
    """Nodes that do not agree in the end."""
    left: list[str] = field(default_factory=list)
    """Leases, locks, sessions and files that nobody needs any more."""
    recovered: list[str] = field(default_factory=list)
    """An effect of something that was never acknowledged: allowed, and counted."""

    @property
    def faults(self) -> dict[str, list[str]]:
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: lines for name, lines in found.items() if lines and name != "recovered"}

    @property
    def good(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        counts = ", ".join(f"{each.name} {len(getattr(self, each.name))}" for each in fields(self))
        examples = [f"  {name}: {line}" for name, lines in self.faults.items() for line in lines[:5]]
        return "\n".join([counts, *examples])


def check(history: History | list[Event], destinations: list[Destination]) -> Findings:
    """Judges a run after it was drained."""
    findings, run = Findings(), Run(history)
    run.check_answers(findings)
    run.check_stored(findings)
    for destination in destinations:
        run.check_effects(findings, destination)
        run.check_order(findings, destination)
    run.check_leases(findings)
    run.check_states(findings)
    findings.left += [str(event["text"]) for event in run.events if event.what == "left"]
    return findings


class Run:
    """A history, sorted by what the rules ask for."""

    def __init__(self, history: History | list[Event]):
        self.events = list(history)
        self.attempted = {e["key"] for e in self.events if (e.what, e.kind) == ("tell", "invoke")}
        self.acknowledged = {e["key"] for e in self.events if (e.what, e.kind) == ("tell", "ok")}
        self.effects: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.what == "effect":
                self.effects[event.who].append(event)

    def check_answers(self, findings: Findings) -> None:
        ids: dict[str, set[str]] = defaultdict(set)
        keys: dict[str, set[str]] = defaultdict(set)
        for event in self.events:
            if event.what != "tell":
                continue
            status = event["status"]
            if event.kind == "ok" and not event["id"]:
                findings.unfit.append(f"{event['key']}: {status} without an id")
            elif event.kind == "ok":
                ids[event["key"]].add(event["id"])
                keys[event["id"]].add(event["key"])
            elif status and status >= 500 and not (status in (503, 504) and event["retry_after"]):
                findings.unfit.append(f"{event['key']}: {status} at {event.at:.1f} s")
        findings.renamed += [f"{key}: {sorted(names)}" for key, names in ids.items() if len(names) > 1]
        findings.renamed += [f"{name}: {sorted(told)}" for name, told in keys.items() if len(told) > 1]

    def check_stored(self, findings: Findings) -> None:
        """What is stored; only if somebody has looked."""
        stored = Counter(event["key"] for event in self.events if event.what == "stored")
        if not any(event.what == "looked" for event in self.events):
            return
        findings.lost += [f"{key} is not stored" for key in sorted(self.acknowledged - set(stored))]
        findings.duplicated += [f"{key} is stored {n} times" for key, n in stored.items() if n > 1]
        findings.unexpected += [f"{key} is stored" for key in sorted(set(stored) - self.attempted)]

    def check_effects(self, findings: Findings, destination: Destination) -> None:
        name, effects = destination.name, self.effects[destination.name]
        there = Counter(event["key"] for event in effects)
        told = {
            event["key"] for event in self.events
            if event.what == "doubt" and event["destination"] == name and destination.doubts == "told"
        }  # fmt: skip
        due = {key for key in self.acknowledged if destination.expects(key)}
        # Behind a report that a person must look at, nothing goes on until they have.
        held = {key.partition("/")[0] for key in told}
        missing = {key for key in due - set(there) if key.partition("/")[0] not in held}
        findings.lost += [f"{key} is not at {name}" for key in sorted(missing)]
        unwanted = {key for key in there if key not in self.attempted or not destination.expects(key)}
        findings.unexpected += [f"{key} is at {name}" for key in sorted(unwanted)]
        findings.duplicated += [
            f"{key} is at {name} {n} times" for key, n in there.items() if n > 1 and key not in told
        ]
        recovered = (set(there) & self.attempted) - self.acknowledged
        findings.recovered += [f"{key} at {name}" for key in sorted(recovered)]

    def check_order(self, findings: Findings, destination: Destination) -> None:
        latest: dict[str, int] = {}
        seen: set[str] = set()
        for event in self.effects[destination.name]:
            if event["key"] in seen:
                continue
            seen.add(event["key"])
            report, _, number = event["key"].partition("/")
            if int(number or 0) < latest.get(report, -1):
                findings.out_of_order.append(
                    f"{event['key']} came to {destination.name} after /{latest[report]}"
                )
            latest[report] = max(latest.get(report, -1), int(number or 0))

    def check_leases(self, findings: Findings) -> None:
        """Nobody finishes under a lease that somebody else has taken since (D9)."""
        newest: dict[str, int] = {}
        for event in self.events:
            if event.what == "claim":
                newest[event["delivery"]] = max(event["lease"], newest.get(event["delivery"], 0))
            late = event.what == "finish" and event.kind == "ok"
            if late and event["lease"] < newest.get(event["delivery"], 0):
                findings.overtaken.append(
                    f"{event['delivery']} finished by {event.who} under lease {event['lease']},"
                    f" when {newest[event['delivery']]} was given"
                )

    def check_states(self, findings: Findings) -> None:
        """All nodes end with the same word on each report."""
        states: dict[str, dict[str, str]] = defaultdict(dict)
        for event in self.events:
            if event.what == "state":
                states[event["key"]][event.who] = event["state"]
        findings.apart += [
            f"{key}: {words}" for key, words in states.items() if len(set(words.values())) > 1
        ]
