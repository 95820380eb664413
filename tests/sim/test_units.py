"""Quantities as users write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.units import UNITS, QuantityError, convert, expectation, parse


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("360 Wh", "Wh", 360.0),
        ("360 Wh", "J", 1_296_000.0),
        ("1 day", "s", 86_400.0),
        ("1.5 h", "min", 90.0),
        ("5 deg", "deg", 5.0),
        ("180 deg", "rad", math.pi),
        ("-0.24 %/K", "1/K", -0.0024),
        ("20 degC", "K", 293.15),
        ("300 K", "degC", 26.85),
        ("9600 bit/s", "kbit/s", 9.6),
        ("  2.5e3mW ", "W", 2.5),
        ("20 cm2", "m2", 0.002),
        ("1 kWh", "MJ", 3.6),
    ],
)
def test_a_quantity_becomes_a_number_of_the_wanted_unit(text: str, unit: str, value: float) -> None:
    assert convert(*parse(text), unit) == pytest.approx(value, rel=1e-12)


def test_a_value_in_its_own_unit_keeps_every_bit() -> None:
    assert convert(*parse("5.1 degC"), "degC") == 5.1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a number with a unit"),
        ("much", "is not a number with a unit"),
        ("nan W", "is not a number with a unit"),
        ("inf W", "is not a number with a unit"),
        ("1e999 W", "is not finite"),
        ("5", "has no unit"),
        ("5 Whr", 'has an unknown unit "Whr" (did you mean "Wh"?)'),
        ("5 KW", 'has an unknown unit "KW" (did you mean "kW"?)'),
        ("5 furlongs", 'has an unknown unit "furlongs"'),
        ("1 2 W", "is not a number with a unit"),
        ("9" * 100 + " W", "is not a number with a unit"),
        ("٣ W", "is not a number with a unit"),
    ],
)
def test_what_is_no_quantity_says_why(text: str, problem: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(text)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("text", "wanted", "meant"),
    [("40 mim", "s", "min"), ("40 mim", "", "mm"), ("5 Kw", "s", "kW"), ("1 mn", "m", "m")],
)
def test_a_misspelt_unit_is_taken_for_one_of_the_wanted_dimension(text: str, wanted: str, meant: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(text, wanted)
    assert f'did you mean "{meant}"?' in str(caught.value)


def test_a_percentage_is_the_decimal_that_was_written() -> None:
    assert convert(*parse("95 %"), "1") == 0.95
    assert convert(*parse("0.1 degC"), "K") == 273.25


def test_another_dimension_is_refused() -> None:
    with pytest.raises(QuantityError, match=r"^is a mass$"):
        convert(5.0, "kg", "km")
    with pytest.raises(QuantityError, match=r"^is an angle$"):
        convert(5.0, "deg", "km")


def test_a_conversion_that_overflows_is_refused() -> None:
    with pytest.raises(QuantityError, match=r"^is not finite$"):
        convert(1e308, "km", "mm")


def test_expectations_read_well() -> None:
    assert expectation("Wh") == 'an energy such as "1 Wh"'
    assert expectation("K") == 'a temperature such as "1 K"'
    assert expectation("1") == "a number, or a percentage"


@given(st.sampled_from(sorted(UNITS)), st.floats(-1e6, 1e6))
def test_there_and_back_is_the_same(unit: str, value: float) -> None:
    base = next(name for name, one in UNITS.items() if one.dimension == UNITS[unit].dimension)
    assert convert(convert(value, unit, base), base, unit) == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(st.text(max_size=80))
def test_any_text_is_a_quantity_or_refused(text: str) -> None:
    try:
        number, unit = parse(text)
    except QuantityError:
        return
    assert math.isfinite(number)
    assert unit in UNITS
