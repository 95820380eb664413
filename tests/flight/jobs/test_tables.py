"""Tables of tenants and of what is installed, as somebody types them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.jobs import (
    Fault,
    Installed,
    Kind,
    Tenant,
    catalogue_text,
    find_installed,
    find_tenant,
    key_check,
    read_catalogue,
    read_tenants,
)
from tests.flight.jobs.made import CATALOGUE, PUBLIC, TENANT

TENANTS = f"""
[[tenants]]
owner = "acme"
key = "{PUBLIC.hex()}"
serial_floor = 3

[tenants.quota]
jobs = 4
stored_octets = 1_000_000
output_octets = 2_000_000
cores = 2
memory_mb = 512
accelerator_milli = 500
disk_mb = 64
power_w = 12.5
value = 100
"""


def lines(found: tuple[Tenant, ...] | tuple[Installed, ...] | tuple[Fault, ...]) -> list[str]:
    return [str(one) for one in found if isinstance(one, Fault)]


def test_tenants() -> None:
    (found,) = read_tenants(TENANTS)
    assert isinstance(found, Tenant)
    assert (found.owner, found.key, found.serial_floor, found.revoked) == ("acme", PUBLIC, 3, False)
    assert found.quota.power_w == 12.5
    assert found.quota.value == 100
    assert find_tenant((found,), key_check(PUBLIC)) is found
    assert find_tenant((found,), bytes(8)) is None


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("jobs = 4", "", "tenants[0].quota.jobs: is missing; expected a whole number, 1 to 1,024"),
        ("jobs = 4", "jobs = 0", "tenants[0].quota.jobs: 0; expected a whole number, 1 to 1,024"),
        (PUBLIC.hex(), PUBLIC.hex()[1:], "tenants[0].key: "),
        (PUBLIC.hex(), "g" * 64, "tenants[0].key: "),
        (
            "serial_floor",
            "serial",
            "tenants[0].serial: is not known; expected one of key, owner, quota, revoked, ",
        ),
        ("[[tenants]]", "[[people]]", "tenants: a table of 1; expected a list"),
        (TENANTS, "", "tenants: is missing; expected 1 to 64 of them"),
        (TENANTS, TENANTS * 2, "tenants: one key stands there twice; expected each key once"),
        (TENANTS, "tenants = 3", "tenants: 3; expected a list"),
        (TENANTS, "x = " + "9" * 5000, "the document: no TOML"),
        (TENANTS, "x = " + "[" * 5000, "the document: no TOML"),
        (TENANTS, "#" * 300_000, "the document: 300,000 letters; expected at most 262,144"),
    ],
)
def test_one_line_for_what_is_wrong(old: str, new: str, line: str) -> None:
    assert old in TENANTS
    assert lines(read_tenants(TENANTS.replace(old, new)))[0].startswith(line)


def test_a_catalogue_there_and_back() -> None:
    assert read_catalogue(catalogue_text(CATALOGUE)) == CATALOGUE
    assert read_catalogue("") == ()
    (line,) = lines(read_catalogue(catalogue_text(CATALOGUE[:1]).replace("python", "ruby", 2)))
    assert line.startswith("installed[0].kind: 'ruby'; expected one of python, wasm, native, library, model")


def test_names_and_versions() -> None:
    two = (*CATALOGUE, Installed("numpy", "1.26.4", Kind.LIBRARY, bytes(32), 2))
    library = frozenset({Kind.LIBRARY})
    assert find_installed(two, "numpy", library) == CATALOGUE[1]
    assert find_installed(two, "numpy==1.26.4", library) == two[-1]
    assert find_installed(two, "numpy==1.26", library) is None
    assert find_installed(two, "digits", library) is None


def test_the_tenant_of_a_ground_is_unlimited_in_all_but_its_key() -> None:
    assert (TENANT.owner, TENANT.key, TENANT.revoked, TENANT.serial_floor) == ("acme", PUBLIC, False, 0)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    read_tenants(text)
    read_catalogue(text)
