"""The checker says what is wrong with a history, and nothing of a good one (reliability.md 9)."""

import pytest

from kit.checker import Destination, check
from kit.history import Event, History

ROADS, LIGHTS = Destination("roads"), Destination("lights")
FAULTS = {
    "lost", "unexpected", "duplicated", "out_of_order", "renamed", "unfit", "overtaken", "apart", "left",
}  # fmt: skip


def told(history: History, key: str, number: str | None = None) -> None:
    history.note("client", "invoke", "tell", key=key)
    history.note("client", "ok", "tell", key=key, id=number or f"id-{key}", status=200)


def effect(history: History, key: str, *places: str) -> None:
    for place in places:
        history.note(place, "info", "effect", key=key)


def good() -> History:
    """Two reports with an update each, everything at both destinations, one answer lost on its way."""
    history = History()
    for report in ("a", "b"):
        for number in (0, 1):
            told(history, f"{report}/{number}")
            effect(history, f"{report}/{number}", "roads", "lights")
    history.note("client", "invoke", "tell", key="c/0")
    history.note("client", "info", "tell", key="c/0", error="reset")
    effect(history, "c/0", "roads", "lights")
    for key in ("a/0", "a/1", "b/0", "b/1", "c/0"):
        history.note("database", "info", "stored", key=key)
    history.note("database", "info", "looked")
    return history


def found(history: History, *destinations: Destination) -> dict[str, list[str]]:
    return check(history, list(destinations) or [ROADS, LIGHTS]).faults


def test_nothing_is_wrong_with_a_good_history():
    findings = check(good(), [ROADS, LIGHTS])
    assert findings.good and set(findings.faults) <= FAULTS
    assert findings.recovered == ["c/0 at roads", "c/0 at lights"]
    assert str(findings).startswith("lost 0, unexpected 0, duplicated 0, out_of_order 0")


def test_what_was_acknowledged_and_is_missing_at_one_destination_is_lost():
    history = good()
    told(history, "d/0")
    effect(history, "d/0", "roads")
    history.note("database", "info", "stored", key="d/0")
    assert found(history) == {"lost": ["d/0 is not at lights"]}


def test_what_was_acknowledged_and_is_not_stored_is_lost():
    history = good()
    told(history, "d/0")
    effect(history, "d/0", "roads", "lights")
    assert found(history) == {"lost": ["d/0 is not stored"]}


def test_what_nobody_sent_is_unexpected():
    history = good()
    effect(history, "x/0", "lights")
    history.note("database", "info", "stored", key="y/0")
    assert found(history) == {"unexpected": ["y/0 is stored", "x/0 is at lights"]}


def test_what_a_destination_should_not_get_is_unexpected():
    only_a = Destination("lights", wants=lambda key: key.startswith("a/"))
    assert found(good(), ROADS, only_a) == {
        "unexpected": ["b/0 is at lights", "b/1 is at lights", "c/0 is at lights"]
    }


def test_an_effect_that_came_twice_is_duplicated():
    history = good()
    effect(history, "a/0", "roads")
    assert found(history) == {"duplicated": ["a/0 is at roads 2 times"]}


def test_a_row_that_is_stored_twice_is_duplicated():
    history = good()
    history.note("database", "info", "stored", key="b/1")
    assert found(history) == {"duplicated": ["b/1 is stored 2 times"]}


def test_a_repeat_that_a_person_was_told_of_is_none_where_nothing_better_is_possible():
    history = good()
    effect(history, "a/0", "roads")
    history.note("staff", "info", "doubt", key="a/0", destination="roads")
    assert found(history, Destination("roads", doubts="told"), LIGHTS) == {}
    assert "duplicated" in found(history)


def test_what_a_person_must_look_at_holds_back_what_comes_later_and_is_not_lost():
    history = good()
    for number in (0, 1):
        told(history, f"d/{number}")
        effect(history, f"d/{number}", "lights")
        history.note("database", "info", "stored", key=f"d/{number}")
    assert found(history) == {"lost": ["d/0 is not at roads", "d/1 is not at roads"]}
    history.note("staff", "info", "doubt", key="d/0", destination="roads")
    assert found(history, Destination("roads", doubts="told"), LIGHTS) == {}
    assert "lost" in found(history)


def test_what_came_before_what_was_told_earlier_is_out_of_order():
    history = History()
    for number in range(3):
        told(history, f"a/{number}")
    for number in (0, 2, 1, 2):
        effect(history, f"a/{number}", "roads")
    faults = found(history, ROADS)
    assert faults["out_of_order"] == ["a/1 came to roads after /2"]


def test_reports_do_not_wait_for_each_other():
    history = History()
    for key in ("a/0", "a/1", "b/0", "b/1"):
        told(history, key)
    for key in ("b/0", "a/0", "b/1", "a/1"):
        effect(history, key, "roads")
    assert found(history, ROADS) == {}


def test_a_key_has_one_id_and_an_id_one_key():
    history = good()
    told(history, "a/0", "another")
    assert found(history)["renamed"] == ["a/0: ['another', 'id-a/0']"]
    history = good()
    told(history, "a/0")
    told(history, "b/0", "id-a/0")
    assert any(line.startswith("id-a/0") for line in found(history)["renamed"])


@pytest.mark.parametrize("status, retry_after, is_fit", [
    (500, None, False), (502, "1", False), (503, None, False), (503, "1", True), (504, "2", True),
    (429, None, True), (None, None, True),
])  # fmt: skip
def test_what_a_client_may_see(status, retry_after, is_fit):
    history = good()
    history.note("client", "fail", "tell", key="a/0", status=status, retry_after=retry_after)
    assert ("unfit" in found(history)) != is_fit


def test_an_answer_without_the_id_that_it_promises_is_unfit():
    history = good()
    history.note("client", "ok", "tell", key="a/0", status=200, id="")
    assert found(history) == {"unfit": ["a/0: 200 without an id"]}


def test_whoever_finishes_what_was_given_to_another_is_overtaken():
    history = good()
    history.note("one", "info", "claim", delivery="7", lease=1)
    history.note("two", "info", "claim", delivery="7", lease=2)
    history.note("one", "fail", "finish", delivery="7", lease=1)
    history.note("two", "ok", "finish", delivery="7", lease=2)
    assert found(history) == {}
    history.note("one", "ok", "finish", delivery="7", lease=1)
    assert set(found(history)) == {"overtaken"}


def test_nodes_that_end_apart_are_told():
    history = good()
    history.note("north", "info", "state", key="a", state="FIXED")
    history.note("south", "info", "state", key="a", state="OPEN")
    assert found(history) == {"apart": ["a: {'north': 'FIXED', 'south': 'OPEN'}"]}


def test_what_is_left_behind_is_told():
    history = good()
    history.note("database", "info", "left", text="2 leases")
    assert found(history) == {"left": ["2 leases"]}


def test_a_history_is_read_again_as_far_as_it_was_written(tmp_path):
    file = tmp_path / "history.jsonl"
    history = History(file)
    told(history, "a/0")
    effect(history, "ä/0", "roads")
    history.close()
    with file.open("a") as torn:
        torn.write('{"at": 1, "who": "cl')
    again = History.reading(file)
    assert [event.line() for event in again] == [event.line() for event in history]
    assert found(again, ROADS).keys() == {"lost", "unexpected"}
    assert Event.reading(next(iter(history)).line()).what == "tell"
