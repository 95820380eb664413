"""Requests and results of a worker as octets on a pipe: length u32, then CBOR of [ticket, name, fields]."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import cbor2

from flight.declare import filing, shelving, storage
from flight.declare.filing import FileFigures, FileNotice, Turn, Turned
from flight.declare.shelving import (
    CompareCopies,
    CopiesCompared,
    KeepOnly,
    KeepResult,
    RunTold,
    TakePackage,
    Used,
)
from flight.declare.storage import Append, Extent, Records, Stores, StoreState
from flight.planning import Ahead, LookAhead, MakePlan, Planned, Site, StationPass
from flight.workers.pipes import PipeError, bodies, framed

RECORDS = ("Append", "Commit", "Read", "DeleteRecords", "Scrub", "Snapshot", "Close")
REQUESTS = (*RECORDS, "SaveState", "SaveDocument", "LoadState", "LoadDocument")
NAMES = (*REQUESTS, "Stored", "Records", "Found", "Stores", "Failed")
FILING = ("SendFile", "ListFiles", "RemoveFile", "SteerFile", "Ordered")
TENANTS = ("TakeTenants", "AskTenants", "TenantsInForce", "AskSigner", "SignerOnBoard")
SHELVING = ("PackageTaken", "DropJob", "ResultKept", "NoRoom", "KeepFile", "FileKept", *TENANTS)
Make = Callable[[Iterable[object]], object]


def _append(fields: Iterable[object]) -> Append:
    append = Append._make(fields)
    return append._replace(packets=tuple(append.packets))


def _records(fields: Iterable[object]) -> Records:
    records = Records._make(fields)
    return records._replace(records=tuple((count, packet) for count, packet in records.records))


def _stores(fields: Iterable[object]) -> Stores:
    stores = Stores._make(fields)
    states = [StoreState._make(state) for state in stores.stores]
    return stores._replace(
        stores=tuple(state._replace(extent=Extent._make(state.extent)) for state in states)
    )


def _turn(fields: Iterable[object]) -> Turn:
    turn = Turn._make(fields)
    return turn._replace(pdus=tuple(turn.pdus))


def _turned(fields: Iterable[object]) -> Turned:
    turned = Turned._make(fields)
    return turned._replace(
        pdus=tuple(turned.pdus),
        notices=tuple(FileNotice._make(notice) for notice in turned.notices),
        figures=FileFigures._make(turned.figures),
    )


def _look_ahead(fields: Iterable[object]) -> LookAhead:
    asked = LookAhead._make(fields)
    return asked._replace(sites=tuple(Site._make(site) for site in asked.sites))


def _ahead(fields: Iterable[object]) -> Ahead:
    ahead = Ahead._make(fields)
    return ahead._replace(
        eclipse=tuple(ahead.eclipse),
        anomaly=tuple(ahead.anomaly),
        edges=tuple((at, into) for at, into in ahead.edges),
        passes=tuple(StationPass._make(one) for one in ahead.passes),
    )


def _take_package(fields: Iterable[object]) -> TakePackage:
    request = TakePackage._make(fields)
    return request._replace(used=tuple(Used._make(one) for one in request.used))


def _keep_only(fields: Iterable[object]) -> KeepOnly:
    request = KeepOnly._make(fields)
    return request._replace(jobs=tuple(request.jobs))


def _compare(fields: Iterable[object]) -> CompareCopies:
    request = CompareCopies._make(fields)
    return request._replace(stages=tuple(request.stages))


def _compared(fields: Iterable[object]) -> CopiesCompared:
    return CopiesCompared(*(tuple(agreeing) for agreeing in cast(Iterable[list[int]], fields)))


def _keep_result(fields: Iterable[object]) -> KeepResult:
    request = KeepResult._make(fields)
    return request._replace(
        runs=tuple(RunTold._make(run) for run in request.runs),
        checks=tuple((name, held) for name, held in request.checks),
    )


# CBOR gives inner tuples back as lists; these make them whole again.
KINDS: dict[str, Make] = {name: cast(Make, getattr(storage, name)._make) for name in NAMES}
KINDS |= {name: cast(Make, getattr(filing, name)._make) for name in FILING}
KINDS |= {name: cast(Make, getattr(shelving, name)._make) for name in SHELVING}
KINDS |= {"Turn": _turn, "Turned": _turned}
KINDS |= {"LookAhead": _look_ahead, "Ahead": _ahead, "MakePlan": MakePlan._make, "Planned": Planned._make}
KINDS |= {"TakePackage": _take_package, "KeepOnly": _keep_only, "KeepResult": _keep_result}
KINDS |= {"CompareCopies": _compare, "CopiesCompared": _compared}
KINDS |= {"Append": _append, "Records": _records, "Stores": _stores}


def pack(ticket: int, message: tuple[object, ...]) -> bytes:
    return framed(cbor2.dumps([ticket, type(message).__name__, list(message)]))


class Unpacker:
    """Octets in, whole messages out."""

    def __init__(self) -> None:
        self.held = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, object]]:
        """PipeError for anything that is not one of our messages."""
        self.held += data
        return [_message(body) for body in bodies(self.held)]


def _message(body: bytes) -> tuple[int, object]:
    try:
        ticket, name, fields = cbor2.loads(body)
        if not isinstance(ticket, int):
            raise PipeError(f"ticket {ticket!r}")
        return ticket, KINDS[name](fields)
    except (cbor2.CBORDecodeError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PipeError(f"{type(error).__name__}: {error}") from error
