"""The signatures of webhooks, judged by the package that receivers use (Standard Webhooks)."""

import json
from datetime import datetime, timezone
from pathlib import Path
from unittest import mock

import pytest
from standardwebhooks import webhooks

VECTORS = json.loads(
    (Path(__file__).resolve().parents[2] / "Specs" / "Webhooks" / "signatures.json").read_text()
)
# The example that the specification's own libraries are tested with.
PUBLISHED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def verify(vector: dict, **changed: str) -> None:
    """Passes if the receiver takes the message at the time when it was signed."""
    now = datetime.fromtimestamp(vector["timestamp"], tz=timezone.utc)
    headers = {f"webhook-{name}": str(vector[name]) for name in ("id", "timestamp", "signature")}
    headers |= {f"webhook-{name}": value for name, value in changed.items() if name != "body"}
    clock = mock.Mock(wraps=datetime, now=lambda tz=None: now)
    for secret in vector["secrets"]:
        with mock.patch.object(webhooks, "datetime", clock):
            webhooks.Webhook(secret).verify(
                changed.get("body", vector["body"]), headers, json_parse=False
            )


def mutations(vector: dict) -> list[dict]:
    """The message with one thing changed at a time."""
    changed = [{"id": vector["id"] + "0"}, {"timestamp": str(vector["timestamp"] + 1)}]
    changed += [{"timestamp": str(vector["timestamp"] + late)} for late in (-301, 301)]
    body = vector["body"]
    changed += [{"body": body[:at] + "~" + body[at:]} for at in range(len(body) + 1)]
    changed += [{"body": body[:at] + body[at + 1 :]} for at in range(len(body))]
    digits = [at for at, digit in enumerate(vector["signature"]) if digit.isalpha() and at > 2]
    for at in digits[:20] if len(vector["secrets"]) == 1 else []:
        signature = vector["signature"]
        changed.append({"signature": signature[:at] + signature[at].swapcase() + signature[at + 1 :]})
    return changed


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_a_receiver_takes_what_is_signed(vector):
    verify(vector)


def test_the_published_example_is_among_them():
    assert VECTORS[0]["signature"] == PUBLISHED


def test_a_receiver_refuses_what_was_changed():
    refused = 0
    for vector in VECTORS:
        for change in mutations(vector):
            with pytest.raises(webhooks.WebhookVerificationError):
                verify(vector, **change)
            refused += 1
    assert refused >= 200
