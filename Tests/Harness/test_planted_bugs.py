"""The checker fails where a bug is planted, and only there (reliability.md 9, rule 8)."""

import pytest

from kit.checker import check
from kit.toy import PLANTS, Toy

# What each bug must be found as; it may be found as more.
SIGNS = {
    "dual write": {"lost"},
    "no fencing": {"overtaken", "duplicated"},
    "cursor on updated_at": {"lost"},
    "no look": {"duplicated"},
    "no order": {"out_of_order"},
}
SEEDS = range(1, 7)


def faults(seed: int, plant: str | None = None) -> dict[str, list[str]]:
    toy = Toy(seed, plant)
    return check(toy.run(), toy.destinations).faults


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sound_run_has_no_fault(seed):
    toy = Toy(seed)
    findings = check(toy.run(), toy.destinations)
    assert findings.good, f"seed {seed}: {findings}"
    assert len(toy.reports) == 120 and toy.history.where("kill") and toy.history.where("stop")


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_found(plant):
    found = [set(faults(seed, plant)) for seed in SEEDS]
    together = set().union(*found)
    assert SIGNS[plant] <= together, f"{plant}: {found}"
    assert sum(1 for one in found if one & SIGNS[plant]) >= len(SEEDS) - 1, f"{plant}: {found}"


def test_a_run_is_the_same_when_its_seed_is():
    first, second, other = Toy(7), Toy(7), Toy(8)
    lines = [[event.line() for event in toy.run()] for toy in (first, second, other)]
    assert lines[0] == lines[1] != lines[2]


def test_every_bug_has_its_signs():
    assert set(SIGNS) == set(PLANTS)
