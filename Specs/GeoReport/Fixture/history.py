"""Writes the reports that the vectors are about, with their times relative to now.

    python3 history.py sofia > sofia.json
    viaduct import requests sofia.json --jurisdiction sofia.example

In a template `{now-91d}` is a time (d, h, m), and an item with `repeat` stands for that many items,
each `every_minutes` older than the one before, `{number}` counting them from 0001.
"""

import json
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def filled(value, now: datetime, number: int):
    """A value with its placeholders replaced."""
    if not isinstance(value, str):
        return value

    def time(match: re.Match) -> str:
        moment = now - timedelta(**{UNITS[match[2]]: int(match[1])})
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    return re.sub(r"\{now-(\d+)([dhm])\}", time, value).replace("{number}", f"{number:04}")


def history(jurisdiction: str, now: datetime) -> list[dict]:
    """All reports of a jurisdiction's template."""
    template = Path(__file__).parent / "requests" / f"{jurisdiction}.json"
    items = []
    for item in json.loads(template.read_text(encoding="utf-8")):
        times, step = item.pop("repeat", 1), item.pop("every_minutes", 0)
        for index in range(times):
            then = now - timedelta(minutes=step * index)
            items.append({name: filled(value, then, index + 1) for name, value in item.items()})
    return items


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    reports = history(sys.argv[1], datetime.now(timezone.utc))
    json.dump(reports, sys.stdout, ensure_ascii=False, indent=1)
