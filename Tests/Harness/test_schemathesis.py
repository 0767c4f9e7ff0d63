"""H7: what Schemathesis makes of our OpenAPI description, thousands of calls that nobody thought of."""

import re
import subprocess
import sys
from pathlib import Path

from kit.instance import ROOT, Instance

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "missing_required_header", "unsupported_method", "allow_header_conformance",
    "ignored_auth", "use_after_free", "ensure_resource_availability",
)  # fmt: skip
"""Not `negative_data_rejection` and `positive_data_acceptance`: in GeoReport a blank argument counts as none
(GR-2.5), and what must come in pairs, as lat and long, no description can say."""


def test_h7_the_description_holds_in_thousands_of_calls():
    with Instance(settings=ROOT / "Examples") as instance:
        instance.run("sample", "--count", "60", "--jurisdiction", "sofia")
        key = instance.key("schemathesis", *(f"--scope={scope}" for scope in ("report", "update", "follow", "supervisor", "auditor")))
        instance.start()
        done = subprocess.run(
            [
                Path(sys.executable).with_name("st"), "--config-file", Path(__file__).parent / "schemathesis.toml", "run",
                ROOT / "Specs" / "GeoReport" / "openapi.yaml", "--url", f"http://127.0.0.1:{instance.port}/sofia/open311/v2",
                "-H", f"X-API-Key: {key}", "--checks", ",".join(CHECKS), "-n", "40", "--seed", "311",
                "--continue-on-failure", "--request-timeout", "10",
            ],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=instance.directory, timeout=400,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
        cases = re.search(r"(\d+) generated", done.stdout)
        assert cases and int(cases[1]) >= 2000, done.stdout[-2000:]
        assert instance.process.poll() is None, f"the server ended: {instance.tail}"
