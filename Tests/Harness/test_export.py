"""Histories in and out: every format carries the same reports, in flat memory."""

import csv
import io
import json
import os
import re
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree

import pytest

from kit.documents import plain, tree
from kit.instance import BINARY, ROOT, Instance, resident

COUNT = int(os.environ.get("VIADUCT_EXPORT_COUNT", "20000"))
EXAMPLES = ROOT / "Examples"
J = ["--jurisdiction", "sofia.example"]


@pytest.fixture(scope="module")
def filled(binary):
    """A Viaduct with the example's settings and many generated reports."""
    with Instance(settings=EXAMPLES) as instance:
        instance.run("sample", "--count", str(COUNT), within=600)
        instance.start()
        yield instance


def exported(instance: Instance, suffix: str, *more: str) -> str:
    return instance.run("export", "requests", *J, "--format", suffix, *more, within=300)


def test_every_format_carries_the_same_reports(filled):
    rows = json.loads(exported(filled, "json"))
    assert len(rows) > 100
    assert tree(ElementTree.fromstring(exported(filled, "xml"))) == plain(rows)
    table = list(csv.DictReader(io.StringIO(exported(filled, "csv"))))
    assert [row["service_request_id"] for row in table] == [row["service_request_id"] for row in rows]
    for written, row in list(zip(table, rows, strict=True))[::97]:
        assert written["description"] == (row["description"] or "")
        assert written["requested_datetime"] == row["requested_datetime"]
        assert plain(row["lat"]) == (written["lat"] or None)
    places = json.loads(exported(filled, "geojson"))
    assert places["type"] == "FeatureCollection"
    for feature, row in zip(places["features"], rows, strict=True):
        assert feature["properties"]["service_request_id"] == row["service_request_id"]
        if row["lat"] is not None:
            assert feature["geometry"]["coordinates"] == [row["long"], row["lat"]]


def test_an_export_can_be_imported_elsewhere(filled, tmp_path):
    for suffix in ("json", "xml", "csv"):
        text = exported(filled, suffix)
        file = tmp_path / f"history.{suffix}"
        file.write_text(text)
        with Instance(settings=EXAMPLES) as other:
            told = other.run("import", "requests", str(file), *J, within=300)
            assert re.search(r"\b0 bad", told), told
            again = json.loads(exported(other, "json"))
            mine = json.loads(exported(filled, "json"))
            assert [r["service_request_id"] for r in again] == [r["service_request_id"] for r in mine]


def test_a_bad_row_is_told_and_does_not_stop_the_rest(filled, tmp_path):
    rows = json.loads(exported(filled, "json"))[:20]
    rows[6]["status"] = "perhaps"
    rows[12]["requested_datetime"] = "yesterday"
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(rows))
    with Instance(settings=EXAMPLES) as other:
        done = other.command("import", "requests", str(file), *J)
        told = done.stdout + done.stderr
        assert re.search(r"\b7\b", told) and re.search(r"\b13\b", told), told
        assert len(json.loads(exported(other, "json"))) == 18


def test_memory_is_flat(filled):
    process = subprocess.Popen(
        [BINARY, "export", "requests", *J, "--format", "json"], env=filled.environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=filled.directory,
    )  # fmt: skip
    highest, size = [0], 0

    def watch() -> None:
        while process.poll() is None:
            try:
                highest[0] = max(highest[0], resident(process.pid))
            except (OSError, AttributeError):
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    while piece := process.stdout.read(1 << 20):
        size += len(piece)
    watcher.join()
    assert process.wait(60) == 0
    print(f"{size / 1e6:.1f} MB exported, at most {highest[0] / 1024:.0f} MiB resident")
    assert highest[0] <= 96 * 1024
