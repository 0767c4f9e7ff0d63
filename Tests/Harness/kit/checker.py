"""What became of what was promised: the classes of Jepsen's total-queue (reliability.md 9)."""

from collections import Counter
from dataclasses import dataclass


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
