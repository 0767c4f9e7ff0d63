"""open311-adapter's Passthrough: a strict reader that gives up on a whole answer over one item (GR-13.7)."""

import re
import xml.etree.ElementTree as ElementTree
from urllib.parse import urlencode

from .wire import FORM, request, talk

STATUSES = {
    "open", "closed", "fixed", "in_progress", "planned", "action_scheduled", "investigating", "duplicate",
    "not_councils_responsibility", "no_further_action", "internal_referral", "cancelled", "for_triage",
    "reopen", "unchanged",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
NAME = re.compile(r"[\w/-]+")


class Dies(Exception):
    """The adapter answers 500 to its own client."""


def pieces(element: ElementTree.Element) -> dict:
    """An element's members without the empty ones; what is repeated is a list."""
    found: dict = {}
    for child in element:
        value = pieces(child) if len(child) else child.text
        if value in (None, ""):
            continue
        if child.tag in found:
            held = found[child.tag]
            found[child.tag] = [*(held if isinstance(held, list) else [held]), value]
        else:
            found[child.tag] = value
    return found


def must(condition, why: str) -> None:
    if not condition:
        raise Dies(why)


class Adapter:
    """A client of ours; its endpoint's address ends in a slash."""

    def __init__(self, port: int, endpoint: str, key: str):
        self.port, self.endpoint, self.key = port, endpoint, key

    def _call(self, method: str, path: str, query: dict | None = None, form: dict | None = None):
        target = self.endpoint + path + ("?" + urlencode(query) if query else "")
        body = urlencode(form, doseq=True).encode() if form else b""
        headers = {"Connection": "close", **({"Content-Type": FORM} if form else {})}
        answer = talk(self.port, request(method, target, headers, body), linger=0.1).answers[0]
        root = ElementTree.fromstring(answer.body)
        # An errors body is an error whatever its status.
        if root.tag == "errors" or answer.status != 200:
            raise Dies(answer.text)
        return root

    def services(self) -> list[dict]:
        """The services; one without a name is passed over, one with an odd `metadata` is fatal."""
        found = []
        for element in self._call("GET", "services.xml").iterfind("service"):
            service = pieces(element)
            if not service.get("service_name"):
                continue
            must(service["metadata"] in {"true", "false"}, f"metadata {service['metadata']}")
            must(service["type"] in {"realtime", "batch", "blackbox"}, service["type"])
            must(NAME.fullmatch(service["service_code"]), service["service_code"])
            if service["metadata"] == "true":
                service["attributes"] = self._attributes(service["service_code"])
            found.append(service)
        return found

    def _attributes(self, code: str) -> list[dict]:
        found = []
        for element in self._call("GET", f"services/{code}.xml").iterfind("attributes/attribute"):
            attribute = pieces(element)
            must(attribute["required"] in {"true", "false"}, f"required {attribute['required']}")
            must(attribute["variable"] in {"true", "false"}, f"variable {attribute['variable']}")
            kinds = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}
            must(attribute["datatype"] in kinds, attribute["datatype"])
            must(attribute.get("automated", "server_set") in {"server_set", "hidden_field"}, "automated")
            found.append(attribute)
        return found

    def report(self, form: dict) -> str:
        root = self._call("POST", "requests.xml", form={"api_key": self.key, **form})
        return pieces(root.find("request"))["service_request_id"]

    def update(self, form: dict) -> str:
        root = self._call("POST", "servicerequestupdates.xml", form={"api_key": self.key, **form})
        return pieces(root.find("request_update"))["update_id"]

    def reports(self, **query) -> list[dict]:
        """The reports of a window; one that its class cannot hold is fatal to all."""
        root = self._call("GET", "requests.xml", {"api_key": self.key, **query})
        return [self._report(pieces(element)) for element in root.iterfind("request")]

    def one(self, identifier: str) -> dict:
        root = self._call("GET", f"requests/{identifier}.xml")
        return self._report(pieces(root.find("request")))

    def _report(self, found: dict) -> dict:
        self._common(found, "service_request_id", found.get("requested_datetime"))
        must(TIME.fullmatch(found.get("updated_datetime", "")), "updated_datetime")
        for name in ("lat", "long"):
            must(re.fullmatch(r"-?\d+(\.\d+)?", found.get(name, "")), f"{name} of {found}")
        must("expected_datetime" not in found, "expected_datetime wants an object")
        return found

    def updates(self, **query) -> list[dict]:
        root = self._call("GET", "servicerequestupdates.xml", {"api_key": self.key, **query})
        found = [pieces(element) for element in root.iterfind("request_update")]
        for update in found:
            self._common(update, "update_id", update.get("updated_datetime"))
            must(NAME.fullmatch(update.get("service_request_id", "")), "service_request_id")
        return found

    def _common(self, found: dict, identifier: str, moment: str | None) -> None:
        must(NAME.fullmatch(found.get(identifier, "")), f"{identifier} of {found}")
        word = found.get("status", "").lower().replace(" ", "_")
        must(word in STATUSES, f"status {word}")
        must(TIME.fullmatch(moment or ""), f"time of {found}")
        must(not isinstance(found.get("media_url"), (str, dict)), "media_url wants a list")
