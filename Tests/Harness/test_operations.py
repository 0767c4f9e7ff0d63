"""What an operator installs: units that systemd takes and that allow little, and an archive that works."""

import os
import re
import shutil
import subprocess
import tarfile

import pytest

from kit.instance import BINARY, ROOT

OPERATIONS = ROOT / "Operations"
UNITS = sorted(p.name for p in OPERATIONS.glob("viaduct*.service"))


def analyze(*arguments: str) -> subprocess.CompletedProcess:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is not there: Scripts/prepare test installs it"
    return subprocess.run([program, "--no-pager", *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture
def units(binary, tmp_path):
    """The units as they would be installed, with the program where it is here."""
    for path in OPERATIONS.glob("viaduct*.*"):
        text = path.read_text().replace("/usr/local/bin/viaduct", str(BINARY))
        (tmp_path / path.name).write_text(text)
    return tmp_path


def test_systemd_takes_the_units(units):
    names = [str(units / p.name) for p in OPERATIONS.glob("viaduct*.*") if p.suffix in (".service", ".timer")]
    assert len(names) == 3
    done = analyze("verify", "--man=no", "--recursive-errors=no", *names)
    assert (done.returncode, done.stderr) == (0, "")
    broken = units / "viaduct.service"
    broken.write_text(broken.read_text().replace("[Service]", "[Service]\nNoNewPrivilege=yes"))
    assert "NoNewPrivilege" in analyze("verify", "--man=no", "--recursive-errors=no", str(broken)).stderr


@pytest.mark.parametrize("name", UNITS)
def test_the_units_allow_little(units, name):
    done = analyze("security", "--offline=yes", "--threshold=25", str(units / name))
    assert done.returncode == 0, done.stdout[-400:]


def test_the_commands_of_the_units_and_of_the_container_are_ours(binary):
    told = "".join(p.read_text() for p in OPERATIONS.iterdir())
    for command, options in re.findall(r"ExecStart=\S+/viaduct (\w+) (.*)", told) + [("serve", "--settings x")]:
        page = subprocess.run([BINARY, command, "--help"], capture_output=True, text=True).stdout
        for option in re.findall(r"--[a-z]+", options):
            assert option in page, (command, option)
    assert 'CMD ["serve", "--settings", "/etc/viaduct/viaduct.yaml"]' in told


def test_make_dist_makes_an_archive_that_works(binary, tmp_path):
    def make(name: str) -> bytes:
        done = subprocess.run(
            [ROOT / "Scripts" / "dist", tmp_path / name], capture_output=True, text=True, timeout=120,
            env={"PATH": os.environ["PATH"], "VIADUCT_BINARY": str(BINARY)},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        (archive,) = (tmp_path / name).glob("viaduct-*.tar.gz")
        check = subprocess.run(["sha256sum", "-c", archive.name + ".sha256"], cwd=archive.parent, capture_output=True)
        assert check.returncode == 0
        with tarfile.open(archive) as tar:
            tar.extractall(tmp_path, filter="data")
        return archive.read_bytes()

    assert make("one") == make("two"), "the same files make the same archive"
    (root,) = (p for p in tmp_path.glob("viaduct-*") if p.is_dir())
    said = subprocess.run([root / "bin" / "viaduct", "--version"], capture_output=True, text=True).stdout
    assert said.strip() in root.name
    done = subprocess.run(
        [root / "bin" / "viaduct", "doctor", "--json", "--settings", root / "Examples" / "viaduct.yaml"],
        env={"VIADUCT_DATABASE_URL": "postgresql://127.0.0.1:1/none", "VIADUCT_DATA_DIRECTORY": str(tmp_path / "data")},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert '"name":"database"' in done.stdout, done.stderr
    packages = {path.name for path in (ROOT / ".build" / "checkouts").iterdir()}
    assert packages and packages <= {path.name for path in (root / "licences").iterdir()}
    for name in ("viaduct.service", "viaduct-backup.service", "viaduct-backup.timer", "alerts.yaml"):
        assert (root / "Operations" / name).is_file()
