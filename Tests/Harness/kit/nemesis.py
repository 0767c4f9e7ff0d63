"""Whoever breaks things, by seeded chance: the process, its database, a receiver."""

import os
import signal
import time
from random import Random

from .cluster import Cluster
from .history import History
from .instance import Instance


class Nemesis:
    """Strikes one Viaduct again and again; each time it waits until all stands again."""

    def __init__(self, instance: Instance, cluster: Cluster, history: History, seed: int):
        self.instance, self.cluster, self.history = instance, cluster, history
        self.random = Random(f"nemesis {seed}")

    def kill(self, times: int, pause: tuple[float, float] = (0.2, 1.5), others: float = 0.1) -> None:
        """Kills it so many times; `others` is how often something else happens in between."""
        for number in range(times):
            time.sleep(self.random.uniform(*pause))
            if self.random.random() < others:
                self.random.choice([self.freeze, self.end, self.crash_database])()
                time.sleep(self.random.uniform(*pause))
            self._note("kill", number=number + 1)
            self.instance.kill()
            self.instance.start()

    def freeze(self, seconds: float | None = None) -> None:
        """Stops the process for a while, as a machine that swaps or a paused container does."""
        seconds = seconds or self.random.uniform(0.5, 3)
        self._note("stop", seconds=round(seconds, 1))
        os.kill(self.instance.process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self.instance.process.pid, signal.SIGCONT)

    def end(self) -> None:
        """Ends the process as an operator does; it must be gone within 15 seconds."""
        self._note("end")
        self.instance.stop()
        self.instance.start()

    def crash_database(self) -> None:
        """Ends the database without a word, and starts it again."""
        self._note("database")
        self.cluster.stop(signal.SIGQUIT)
        self.cluster.start()
        self.instance.wait_ready()

    def _note(self, what: str, **more) -> None:
        self.history.note("nemesis", "info", what, **more)
