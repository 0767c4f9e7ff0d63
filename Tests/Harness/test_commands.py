"""The commands: their help, what they refuse and how they say it."""

import re
import signal
import subprocess

import pytest

from kit.instance import BINARY, SETTINGS, Instance, wait_until

COMMANDS = [
    ["serve"], ["migrate"], ["check"], ["doctor"], ["backup"], ["restore"], ["key"], ["key", "create"], ["key", "list"], ["key", "revoke"],
    ["key", "rotate"], ["key", "retire"], ["key", "rights"],
    ["audit"], ["audit", "who-saw"], ["audit", "exported"], ["audit", "verify"],
    ["import"], ["import", "services"], ["import", "requests"], ["export"], ["export", "requests"],
    ["verify"], ["sample"], ["webhook"],
    ["deliveries"], ["peer"], ["erase"], ["erasures"], ["retention"], ["mask"], ["reseal"], ["person"], ["person", "export"],
    *(["peer", each] for each in ("list", "check", "pause", "resume", "resend", "drop", "reconcile", "replay")),
    *(["webhook", each] for each in ("create", "list", "pause", "resume", "rotate", "replay", "delete")),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_an_example(binary, command):
    done = subprocess.run(
        [BINARY, *command, "--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0
    assert re.search(r"(?m)^\s*(\S+ )?viaduct " + " ".join(command), done.stdout), done.stdout
    assert re.search(r"(?i)example", done.stdout), done.stdout


def test_every_command_is_known_here(binary):
    help_text = subprocess.run(
        [BINARY, "--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    ).stdout
    listed = set(re.findall(r"(?m)^  (\w+) {2,}", help_text.partition("SUBCOMMANDS:")[2]))
    assert listed - {"help"} == {command[0] for command in COMMANDS}


def broken(path: str, old: str, new: str):
    """An instance whose settings have one thing changed; the line that it stands on."""
    instance = Instance()
    file = instance.settings / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return instance, text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize("path, old, new, key", [
    ("viaduct.yaml", "contact: harness@gateway.example", "contact: [", ""),
    ("viaduct.yaml", "key_service: Keys", "key_servise: Keys", "key_servise"),
    ("jurisdictions/sofia.yaml", "time_zone: Europe/Sofia", "time_zone: Europe/Sofja", "time_zone"),
    ("jurisdictions/sofia.yaml", "datatype: number", "datatype: numeral", "datatype"),
    ("jurisdictions/sofia.yaml", "type: batch", "type: patch", "type"),
    ("jurisdictions/sofia.yaml", "slug: sofia", "slug: open311", "slug"),
    ("jurisdictions/mitrovica.yaml", "  - code: WASTE-MIT", "  - kode: WASTE-MIT", "kode"),
    ("jurisdictions/sofia.yaml", "id: sofia.example", "id: mitrovica.example", "id"),
])  # fmt: skip
def test_broken_settings_are_told_with_file_line_and_key(binary, path, old, new, key):
    instance, line = broken(path, old, new)
    with instance:
        for command in (["check"], ["serve"]):
            done = instance.command(*command, within=30)
            told = done.stdout + done.stderr
            assert done.returncode != 0, command
            assert re.search(rf"{re.escape(path.split('/')[-1])}:{line}\b", told) or not key, told
            assert path.split("/")[-1] in told and key in told


def test_good_settings_are_good(fresh):
    told = fresh.run("check")
    assert told.strip()
    assert SETTINGS.exists()


def test_keys_are_made_shown_once_listed_and_revoked(fresh):
    key = fresh.key("An App", "--jurisdiction", "sofia.example")
    listed = fresh.run("key", "list")
    assert "An App" in listed and key[:11] in listed and key not in listed
    fresh.run("key", "revoke", key[:11])
    assert "revoked" in fresh.run("key", "list").lower()
    stored = list((fresh.directory / "data").rglob("*"))
    assert not any(key.encode() in p.read_bytes() for p in stored if p.is_file()), "stored as a hash only"


def test_a_port_that_is_taken_is_told(fresh):
    fresh.start()
    with Instance(VIADUCT_HTTP_PORT=str(fresh.port)) as second:
        done = second.command("serve", within=30)
        assert done.returncode != 0
        assert str(fresh.port) in done.stdout + done.stderr


def test_sighup_reads_the_jurisdictions_again(fresh):
    caller = fresh.start().caller("sofia")
    file = fresh.settings / "jurisdictions" / "sofia.yaml"
    good = file.read_text()

    def name() -> str:
        services = caller.get("/services.json").json
        return next(s["service_name"] for s in services if s["service_code"] == "GRAFFITI")

    tag = caller.get("/services.json").header("ETag")
    old = name()
    file.write_text(good.replace(old, "A new name"))
    fresh.process.send_signal(signal.SIGHUP)
    wait_until(lambda: name() == "A new name", within=5)
    assert caller.get("/services.json").header("ETag") != tag

    file.write_text(good.replace("datatype: number", "datatype: numeral"))
    fresh.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "sofia.yaml:" in fresh.tail and "datatype" in fresh.tail, within=5)
    assert name() == "A new name", "what is wrong is told, and not taken"


def test_migrate_is_repeatable(fresh):
    fresh.run("migrate")
    fresh.run("migrate")


def test_the_admin_port_tells_how_it_is(fresh):
    fresh.start()
    assert (fresh.admin("/live"), fresh.admin("/ready")) == (200, 200)
    status, page = fresh.admin_page("/metrics")
    assert status == 200
    for line in page.splitlines():
        assert re.fullmatch(r"#.*|[a-zA-Z_:][\w:]*(\{[^}]*\})? -?[0-9.eE+-]+|", line), line
