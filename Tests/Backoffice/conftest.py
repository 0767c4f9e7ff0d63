"""The tests against real ticket systems; they share the harness's kit and add theirs to it."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Harness"))

import kit  # noqa: E402

if str(HERE / "kit") not in kit.__path__:
    kit.__path__.append(str(HERE / "kit"))
