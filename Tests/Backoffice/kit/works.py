"""What the systems without an interface of their own share: a peer's file, and a gateway that dies in between."""

import subprocess

from kit.instance import Instance, wait_until

STATUSES = {
    "statuses_out": {
        "OPEN": "new", "INVESTIGATING": "looking", "FOR_TRIAGE": "new", "IN_PROGRESS": "in work", "PLANNED": "planned",
        "ACTION_SCHEDULED": "planned", "INTERNAL_REFERRAL": "looking", "REOPEN": "new", "FIXED": "done", "CLOSED": "done",
        "DUPLICATE": "done", "NOT_COUNCILS_RESPONSIBILITY": "not ours", "NO_FURTHER_ACTION": "done", "CANCELLED": "done",
    },
    "statuses_in": {
        "new": "OPEN", "looking": "INVESTIGATING", "in work": "IN_PROGRESS", "planned": "PLANNED", "done": "FIXED",
        "not ours": {"detail": "FOR_TRIAGE", "refuses": True},
    },
}  # fmt: skip


def peer(adapter: str, address: str, **more) -> dict:
    """A peer's file that gives the works all graffiti, for them to handle."""
    return {
        "name": "works", "adapter": adapter, "address": str(address), "role": "handler",
        "flow": ["reports_out", "updates_out", "updates_in"], "rules": [{"services": ["GRAFFITI"]}],
        "mapping": {"services": {"GRAFFITI": "GRAF"}, **STATUSES},
        "polling": {"interval": "1s", "overlap": "15m"}, **more,
    }  # fmt: skip


def dies(viaduct: Instance, point: str, work) -> None:
    """Starts the gateway so that it dies at a point, does the work, and starts it again when it is dead."""
    viaduct.stop()
    viaduct.environment["FAULT"] = f"{point}:1"
    viaduct.start()
    work()
    wait_until(lambda: viaduct.process.poll() is not None, within=60)
    assert viaduct.process.wait() not in (0, None)
    del viaduct.environment["FAULT"]
    viaduct.start()


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
