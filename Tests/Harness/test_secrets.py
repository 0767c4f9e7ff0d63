"""A12: secrets are in their files and nowhere else.

Some twenty of them are given to two nodes that talk with each other, with somebody who is not there and with somebody
who lies; then everything is looked through that the program puts out, for people and for programs.
"""

import json
import re
from base64 import b64encode
from pathlib import Path
from random import Random
from urllib.parse import urlsplit, urlunsplit

from kit.instance import wait_until
from kit.mesh import Mesh
from kit.peers import write_secret
from kit.ports import free_ports
from kit.site import Page, Site
from kit.wire import request

WRONG = "o311_" + "Z" * 49


def with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    user = parts.username or "viaduct"
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")))


def shapes(secret: str) -> set[str]:
    """How a secret may be written without being another one: as it is, encoded for an address, in base64."""
    whole = {secret, secret.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"), b64encode(secret.encode()).decode()}
    # Of a key its first characters are its name, so the rest is what must not be said.
    return whole | ({secret[11:]} if secret.startswith("o311_") else set())


def found(secrets: dict[str, str], said: dict[str, str]) -> set[tuple[str, str]]:
    """Which secret is said where."""
    return {
        (name, place) for place, text in said.items() for name, secret in secrets.items()
        if any(shape in text for shape in shapes(secret))
    }  # fmt: skip


def command_lines():
    """Of all processes; one that ends while it is asked about has none."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue


def test_a12_secrets_are_nowhere_but_in_their_files():
    random = Random("secrets")
    secrets, said = {}, {}
    with Site(lambda visit: Page(status=401, body=b"<html>no</html>")) as liar, Mesh("here", "there") as mesh:
        here, there = mesh.nodes["here"], mesh.nodes["there"]
        mesh.befriend("here", "there", flow=["reports_out", "updates_out"], back=["updates_out"])
        for name, port in (("liar", liar.port), ("dead", free_ports(1)[0])):
            secrets[f"key at the {name}"] = f"canary-{name}-{random.getrandbits(64):x}"
            mesh.connect(
                "here", name, f"http://127.0.0.1:{port}/open311/v2/",
                api_key_file=write_secret(here, f"{name}-key", secrets[f"key at the {name}"]))  # fmt: skip
        for name, node in mesh.nodes.items():
            secrets[f"password of {name}"] = f"canary-password-{name}-{random.getrandbits(64):x}"
            secrets[f"data key of {name}"] = b64encode(random.randbytes(32)).decode()
            secrets[f"former data key of {name}"] = b64encode(random.randbytes(32)).decode()
            keys = f"{secrets[f'data key of {name}']}\n{secrets[f'former data key of {name}']}\n"
            del node.environment["VIADUCT_PRIVACY_KEYS"]
            node.environment |= {
                "VIADUCT_DATABASE_URL": with_password(node.environment["VIADUCT_DATABASE_URL"], secrets[f"password of {name}"]),
                "VIADUCT_PRIVACY_KEYS_FILE": write_secret(node, "data-keys", keys.rstrip()),
                "VIADUCT_LOG_LEVEL": "trace", "VIADUCT_LOG_REQUESTS": "true",
            }  # fmt: skip
            secrets[f"key of clients at {name}"] = mesh.keys[name]
        secrets["secret of both"] = (here.settings / "shared-with-there").read_text().strip()
        secrets["key at there"] = (here.settings / "key-of-there").read_text().strip()
        secrets["key at here"] = (there.settings / "key-of-here").read_text().strip()
        old = secrets["key of somebody"] = here.key("somebody")
        rotated = said["here key rotate"] = here.run("key", "rotate", old[:11])
        secrets["new key of somebody"] = re.search(r"o311_[0-9A-Za-z]{49}\b", rotated).group()
        secrets["wrong key"] = WRONG
        mesh.start()

        # Whoever made a key or a webhook is told its secret, once; that is the one place.
        del said["here key rotate"]
        caller = mesh.caller("here")
        made = caller.send(request("POST", "/open311/v2/webhooks", {
            "Connection": "close", "Content-Type": "application/json", "X-API-Key": mesh.keys["here"],
        }, json.dumps({"url": f"http://127.0.0.1:{liar.port}/hook"}).encode()))  # fmt: skip
        assert made.status in (200, 201), made.text
        secrets["secret of a webhook"] = made.json["secret"]

        told = {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3", "description": "Nothing that is secret"}
        for number in range(3):
            assert caller.post("/requests.json", {**told, "address_string": str(number)}).status == 200
        wait_until(lambda: mesh.ledgers["there"].count("SELECT count(*) FROM report") == 3, within=30)
        wait_until(lambda: mesh.ledgers["here"].count("SELECT count(*) FROM attempt WHERE outcome <> 'accepted'") >= 2, within=30)

        anybody = here.caller("sofia")
        for path in ("/discovery.xml", "/services.json", "/requests.json", "/requests/none.xml", "/nothing"):
            for key in (secrets["key of somebody"], WRONG):
                for name, answer in (
                    ("header", anybody.get(path, {"X-API-Key": key})), ("query", anybody.get(f"{path}?api_key={key}&status=bad")),
                ):  # fmt: skip
                    said[f"{path} {name} {key[:8]}"] = answer.text + str(answer.headers)
        for key in (secrets["key of somebody"], WRONG):
            answer = here.caller("sofia", key).post("/requests.json", {**told, "lat": "bad", "email": "bad"})
            assert answer.status >= 400
            said[f"refused POST {key[:8]}"] = answer.text + str(answer.headers)
        for name, node in mesh.nodes.items():
            for path in ("/live", "/ready", "/metrics", "/peers", "/deliveries", "/nothing"):
                said[f"{name} admin {path}"] = node.admin_page(path)[1]
        for words in (
            ["check"], ["doctor"], ["doctor", "--json"], ["key", "list"], ["webhook", "list"], ["peer", "list"],
            ["peer", "list", "--json"], ["deliveries"], ["deliveries", "--json"], ["audit", "exported", "--json"],
            *(["peer", "check", name] for name in ("there", "liar", "dead")),
        ):  # fmt: skip
            done = here.command(*words)
            assert done.stdout + done.stderr, words
            said[" ".join(words)] = done.stdout + done.stderr
        said["ps"] = "\n".join(command_lines())
        assert "serve" in said["ps"]

        # A mistake tells what is wrong with a secret, and not the secret.
        half = secrets["data key of here"][:30]
        secrets["half a data key"] = half
        password = secrets["password of here"]
        no_host = {"VIADUCT_DATABASE_URL": f"postgresql://viaduct:{password}@127.0.0.1:1/none"}
        no_address = {"VIADUCT_DATABASE_URL": f"postgresql://viaduct:{password}@[::1"}
        half_a_key = {"VIADUCT_PRIVACY_KEYS_FILE": "", "VIADUCT_PRIVACY_KEYS": half}
        for words, mistake in (
            ("key list", no_host), ("check", no_address), ("check", half_a_key), ("serve", half_a_key), ("reseal", half_a_key),
        ):  # fmt: skip
            done = here.command(*words.split(), **mistake)
            assert done.returncode != 0 and done.stdout + done.stderr, (words, mistake)
            said[f"{words} {mistake}"] = done.stdout + done.stderr
        for name, node in mesh.nodes.items():
            node.stop()
            said[f"{name} log"] = node.log.read_text()
        assert '"level":"trace"' in said["here log"] and "liar" in said["deliveries --json"]

        # Keys of clients are not in the database either.
        for name, ledger in mesh.ledgers.items():
            tables = [row[0] for row in ledger.rows("SELECT relid::regclass::text FROM pg_stat_user_tables")]
            everything = "\n".join(str(row) for table in tables for row in ledger.rows(f"SELECT t::text FROM {table} AS t"))
            ours = {n: s for n, s in secrets.items() if n.startswith(("key of", "new key", "data key", "former", "password"))}
            assert found(ours, {f"{name} tables": everything}) == set()
        assert found(secrets, said) == set()

        # The checker sees one that is planted.
        said["planted"] = f"… {secrets['key of somebody'][11:]} …"
        assert found(secrets, said) == {("key of somebody", "planted")}
