"""What goes wrong at a receiver, by seeded chance: the same message fails in the same way again."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

FINE, BUSY, RESET_BEFORE, RESET_AFTER, LATE = "fine", "busy", "reset before", "reset after", "late"

MEASURED = {BUSY: 0.08, RESET_BEFORE: 0.04, RESET_AFTER: 0.04, LATE: 0.03}
"""How the receiver of reliability.md, fact 1, failed: a 500, a reset before and after the effect, and
an answer that comes when nobody waits any more."""


@dataclass
class Faults:
    """Decides what becomes of each call; `poison` are words whose calls always end in a 500."""

    seed: int
    shares: dict[str, float] = field(default_factory=lambda: dict(MEASURED))
    poison: tuple[str, ...] = ()
    calls: Counter = field(default_factory=Counter)
    done: Counter = field(default_factory=Counter)

    def next(self, key: str, text: str = "") -> str:
        """What becomes of this call; the chance is the key's and the number of its tries."""
        self.calls[key] += 1
        if any(word in text for word in self.poison):
            return self._noted(BUSY)
        chance = Random(f"{self.seed} {key} {self.calls[key]}").random()
        for fault, share in self.shares.items():
            if chance < share:
                return self._noted(fault)
            chance -= share
        return self._noted(FINE)

    def _noted(self, fault: str) -> str:
        self.done[fault] += 1
        return fault

    def end(self) -> None:
        """From now on all is well."""
        self.shares, self.poison = {}, ()
