"""What Tab offers at each place of a line, and what the line below the prompt says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from ground.shell.completion import LineCompleter, hint

pytestmark = pytest.mark.slow  # a simulation stands behind it


@pytest.fixture
def offered(shell):
    completer = LineCompleter(shell.desk, shell.helps)

    def offers(line: str) -> dict[str, str]:
        """What would stand there after each choice -> what is said beside it."""
        document = Document(line, len(line))
        found = list(completer.get_completions(document, CompleteEvent()))
        return {line[: len(line) + one.start_position] + one.text: one.display_meta_text for one in found}

    return offers


def test_the_first_word_is_a_verb_or_a_command(offered):
    assert "history" in offered("")
    assert "power.switch" in offered("")
    assert list(offered("his")) == ["history"]
    assert offered("his")["history"] == "show the newest commands"
    assert list(offered("power.s")) == ["power.switch"]
    assert list(offered("switch")) == ["power.switch"], "also from the middle of a name"
    assert offered("power.s")["power.switch"].startswith("Switch a rail")
    assert offered("zzz") == {}


def test_arguments_that_are_not_yet_given(offered):
    assert list(offered("power.switch ")) == ["power.switch rail=", "power.switch on="]
    assert list(offered("power.switch rail=compute_a ")) == ["power.switch rail=compute_a on="]
    assert list(offered("command power.switch o")) == ["command power.switch on="]
    assert offered("power.switch ")["power.switch rail="].startswith("one of computer, ")
    assert offered("nosuch.command ") == {}


def test_values_of_enums_and_booleans(offered):
    assert list(offered("power.switch rail=comp")) == [
        f"power.switch rail={name}" for name in ("computer", "compute_a", "compute_b")
    ]
    assert list(offered("modes.go mode=s")) == ["modes.go mode=SAFE"]
    assert list(offered("power.switch on=")) == ["power.switch on=on", "power.switch on=off"]
    assert list(offered("power.switch on=of")) == ["power.switch on=off"]
    assert offered("power.switch nosuch=") == {}


def test_a_number_is_described_and_nothing_is_put_in(offered):
    assert offered("sequences.load slot=") == {"sequences.load slot=": "unsigned 8 bit"}
    assert offered("sequences.load slot=3") == {}


def test_parameters_with_their_defaults(offered):
    assert list(offered("set par")) == ["set parameter"]
    found = offered("set parameter power.fl")
    assert found["set parameter power.floor="].startswith("32 bit float, 0.1 to 0.98")
    assert offered("set parameter power.floor=")["set parameter power.floor=0.7"] == "the default"
    assert "get parameter" in offered("get par")
    assert list(offered("get parameter power.flo")) == ["get parameter power.floor"]


def test_values_are_offered_level_by_level(offered):
    first = offered("watch ")
    assert "watch power" in first
    assert "watch power.status" in first
    assert not any(one.count(".") == 2 for one in first)
    assert "watch power.status.charge" in offered("watch power.status.ch")
    assert all(one.startswith("watch power.status.") for one in offered("watch power.status."))
    assert offered("watch nosuch.packet.x") == {}


def test_only_hazardous_commands_are_armed(offered):
    assert set(offered("arm ")) == {
        "arm health.shutdown",
        "arm uplink.withdraw_key",
        "arm uplink.destroy_key",
    }
    assert offered("arm health.shutdown ") == {}


def test_the_rest(offered, flying, craft):
    assert "events --severity high" in offered("events --severity h")
    assert "events modes" in offered("events mo")
    assert "events --severity" in offered("events --")
    assert list(offered("seat f")) == ["seat force"]
    assert list(offered("retrieve cr")) == ["retrieve critical"]
    assert offered("retrieve critical ") == {}
    assert list(offered("audit v")) == ["audit verify"]
    assert list(offered("export --format p")) == ["export --format parquet"]
    assert "export --packet power.status" in offered("export --packet power")
    assert "export --events" in offered("export ")
    assert "once power.status" in offered("once power")
    assert "help power.switch" in offered("help power.s")
    assert "dictionary power" in offered("dictionary po")
    assert offered("link ") == {}
    alarm = next(iter(flying.ground.limits.alarms.values()))
    alarm.worst = type(alarm.worst).RED_LOW
    assert offered("acknowledge ") == {f"acknowledge {alarm.label}.{alarm.field}": "red low"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            ["power.switch", "rail=", "on=o", "set", "parameter", "get", "=", ".", "watch", "a.b.c", "'"]
        )
        | st.text(max_size=5),
        max_size=5,
    ).map(" ".join)
)
def test_no_line_is_too_strange(offered, craft, line):
    assert isinstance(offered(line), dict)
    assert isinstance(hint(craft.dictionary, line), str)


def test_the_hint_below_the_prompt(craft):
    told = lambda line: hint(craft.dictionary, line)  # noqa: E731  (shorter beside what it is given)
    assert told("") == ""
    assert told("history") == ""
    assert told("power.switch") == "expects rail, on"
    assert told("power.switch rail=compute_a ") == "expects on"
    assert told("power.switch on=o") == "on: on or off"
    assert told("command power.switch rail=x on=on ").startswith("Switch a rail")
    assert told("health.shutdown").startswith("hazardous: arm it first; ")
