"""GeoReport's documents as plain values, so that XML and JSON can be compared (GR-11)."""

import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone

LISTS = {
    "services",
    "attributes",
    "values",
    "service_requests",
    "errors",
    "endpoints",
    "formats",
    "media_urls",
    "notes",
    "groups",
}
"""Containers: an array in JSON, whatever the number of their children."""


def tree(element: ElementTree.Element):
    """An XML document as the value that JSON would hold: text, None, dict or list."""
    if element.tag in LISTS:
        return [tree(child) for child in element]
    if len(element):
        return {child.tag: tree(child) for child in element}
    return element.text


def plain(value):
    """A JSON value with every scalar as XML writes it, for a comparison with `tree`."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = f"{value:.7f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    if isinstance(value, int):
        return str(value)
    return None if value in (None, "") else value


def instant(text: str) -> datetime:
    """A date-time as a point in time, whatever zone it is written in."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
