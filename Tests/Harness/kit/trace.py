"""Ends a running server at a chosen system call, as a crash would."""

import os
import shutil
import subprocess
import threading
from pathlib import Path


def is_allowed() -> bool:
    """Whether this machine lets one process trace another."""
    if not shutil.which("strace"):
        return False
    done = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, timeout=20)
    return done.returncode == 0


class Death:
    """Waits for a process's call, and kills it there; used as a context.

    `calls` are names with commas between them; the first one does not happen any more. With
    `paths`, only calls about these files count.
    """

    def __init__(self, pid: int, calls: str, paths: list[Path] = []):
        only = [part for path in paths for part in ("-P", str(path))]
        self.process = subprocess.Popen(
            ["strace", "-f", "-p", str(pid), "-o", os.devnull, *only, "-e", f"trace={calls}",
             "-e", f"inject={calls}:signal=KILL:when=1"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.attached = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stderr:
            if "attached" in line:
                self.attached.set()

    def __enter__(self) -> "Death":
        assert self.attached.wait(20), "strace did not attach"
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
