"""The metrics are what Prometheus reads, and the alerts over them go off when they should (O1, O5)."""

import re
import shutil
import subprocess
import time

import pytest

from kit.instance import ROOT, wait_until
from kit.mesh import Mesh

RULES = ROOT / "Operations" / "alerts.yaml"
TESTS = ROOT / "Operations" / "alerts.test.yaml"
REPORT = {"service_code": "GRAFFITI", "lat": "42.6977", "long": "23.3219", "description": "a wall in paint"}


def promtool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
    program = shutil.which("promtool")
    assert program, "promtool is not there: Scripts/prepare test installs it"
    return subprocess.run([program, *arguments], input=text, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def scrape(binary) -> str:
    """The metrics of a Viaduct at work: reports, peers, and what the doctor found."""
    with Mesh("north", "south") as mesh:
        mesh.befriend("north", "south", flow=["reports_out", "updates_out"], back=["updates_out"])
        mesh.start()
        caller = mesh.caller("north")
        assert caller.post("/requests.json", REPORT).status == 200
        assert caller.post("/requests.json", {**REPORT, "lat": "x"}).status == 400
        caller.get("/requests.json")
        mesh.nodes["north"].run("backup", "--to", str(mesh.nodes["north"].directory / "shelf"))
        page = mesh.nodes["north"]
        wait_until(lambda: "viaduct_findings{" in page.admin_page("/metrics")[1], within=30)
        times = []
        for _ in range(20):
            began = time.monotonic()
            status, text = page.admin_page("/metrics")
            times.append(time.monotonic() - began)
            assert status == 200
        assert sorted(times)[10] <= 0.05, times
        return text


def test_o1_prometheus_reads_the_metrics(scrape):
    done = promtool("check", "metrics", text=scrape)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    samples = [line for line in scrape.splitlines() if line and not line.startswith("#")]
    assert len(samples) < 200, "two peers more make twenty more"
    for line in samples:
        for label in re.findall(r'(\w+)="', line):
            assert label in {"route", "status", "outcome", "le", "peer", "version", "check", "level"}, line


def test_o5_each_rule_is_about_a_number_that_there_is(scrape):
    told = set(re.findall(r"(?m)^# TYPE (\S+)", scrape))
    asked = set(re.findall(r"\b(?:viaduct|process)_[a-z_]+\b", re.sub(r"(?m)^ *summary:.*$", "", RULES.read_text())))
    asked = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}
    assert asked and asked <= told, asked - told
    for value in re.findall(r'le="([^"]+)"', RULES.read_text()):
        assert f'le="{value}"' in scrape
    # What waits for peers is what the alerts are for.
    assert {name for name in told if re.search("stuck|parked|failing|doubtful", name)} <= asked


def test_o5_each_alert_goes_off_and_only_then():
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr
    done = promtool("test", "rules", str(TESTS))
    assert done.returncode == 0, done.stdout + done.stderr
    alerts = set(re.findall(r"(?m)^ +- alert: (\w+)", RULES.read_text()))
    tested = set(re.findall(r"(?m)^  - name: (Viaduct\w+)", TESTS.read_text()))
    silent = set(re.findall(r"eval_time: 23h, alertname: (\w+)", TESTS.read_text()))
    assert alerts == tested == silent and len(alerts) >= 15


def test_o5_the_tests_notice_a_rule_that_is_spoilt(tmp_path):
    spoilt = RULES.read_text().replace("viaduct_deliveries_stuck > 0", "viaduct_deliveries_stuck > 9")
    (tmp_path / "alerts.yaml").write_text(spoilt)
    shutil.copy(TESTS, tmp_path)
    done = promtool("test", "rules", str(tmp_path / TESTS.name))
    assert done.returncode != 0 and "ViaductDeliveriesStuck" in done.stdout + done.stderr
