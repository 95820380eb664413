"""The archive as a whole: written, asked, cut, lost and made again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from flight.wire.coding import TmCoding, TmRandomisation
from ground.archive import BATCH_ROWS, INDEX, Archive, ArchiveError, rebuild
from ground.commanding import Stage
from ground.gaps import IntervalSet
from ground.query import QueryError, open_query
from ground.station import Ground

NS = 1_000_000_000
# ---------------------------------------------------------------- questions


def test_columns_by_time(folder, dictionary):
    query = open_query(folder)
    columns = query.packets("power.status", 1010 * NS, 1019 * NS)
    assert (columns.time_ns // NS).tolist() == list(range(1010, 1020))
    assert columns.values["count"].tolist() == list(range(1010, 1020))
    assert columns.values["on"].all()
    pieces = list(query.chunks("power.status"))
    assert sum(map(len, pieces)) == len(query.packets("power.status")) == 3 * 59 + 6
    assert len(query.packets("executive.status")) == 0
    with pytest.raises(QueryError, match="no such packet, did you mean power.status"):
        query.packets("power.stat")


def test_one_packet_by_its_number(folder, craft):
    query = open_query(folder)
    packet, newest = query.packet(2, 3), query.newest(2)
    assert packet is not None
    assert newest is not None
    assert (packet.record, packet.time_ns, packet.sid) == (2 << 56 | 3, 1 * NS, 2)
    assert query.packet(2, 10**6) is None
    assert newest.time_ns == 2059 * NS
    assert query.newest(1) is None


def test_events_commands_alarms_audit_contacts(folder):
    query = open_query(folder)
    events = query.events(limit=4)
    assert [event.time_ns // NS for event in events] == [2020, 2030, 2040, 2050]
    assert events[0].text == "board alpha to 50% of 28"
    assert len(query.events(1000 * NS, 1999 * NS)) == 5
    assert query.events(severity=2) == []
    assert len(query.events(severity=1)) == 15
    assert len(query.events(prefix="power.")) == 15
    assert query.events(prefix="Power.") == []
    commands = query.commands()
    assert [command.stage for command in commands] == [Stage.COMPLETED] * 3
    assert [stage.value for stage, _ in commands[1].stages] == [
        "queued",
        "sent",
        "accepted",
        "started",
        "completed",
    ]
    assert commands[1].source == "anna"
    assert commands[1].text == "power.switch board=beta on=on seconds=5"
    assert [command.number for command in query.commands(limit=2)] == [2, 3]
    assert query.commands(unfinished=True) == []
    assert [(row.time_ns // NS, row.state) for row in query.alarms()][:2] == [(42, "red low"), (1002, "ok")]
    assert [row.what for row in query.audit()] == ["pass 0", "pass 1", "pass 2"]
    assert query.contacts()[:2] == [(0, True), (80 * NS, False)]
    assert query.counts()["power.status"] == 3 * 59 + 6
    assert query.counts()["TM[1,7]"] == 3
    assert [packet.subtype for packet in query.reports(15, 130)] == [130] * 3


def test_gaps_without_reading_packets(folder, dictionary):
    query = open_query(folder)
    assert query.gaps(0) == query.gaps(1) == []
    ground = Ground(dictionary, Archive(folder, dictionary))
    assert query.gaps(2) == list(ground.coverage[2].gaps())
    ground.close()


def test_a_reader_beside_the_writer(tmp_path, dictionary, craft):
    archive = Archive(tmp_path, dictionary)
    ground = Ground(dictionary, archive)
    ground.receive(craft.down(craft.power(NS)), 2 * NS)
    query = open_query(tmp_path)
    assert len(archive.query.packets("power.status")) == 1, "the writer's own questions flush"
    assert len(query.packets("power.status")) == 1
    ground.receive(craft.down(craft.power(2 * NS)), 3 * NS)
    assert len(query.packets("power.status")) == 1
    ground.on_deadline(600 * NS)
    assert len(query.packets("power.status")) == 2, "after ten minutes at the latest"
    ground.receive(craft.down(craft.power(3 * NS)), 601 * NS)
    assert len(query.packets("power.status")) == 2
    ground.contact(False, 602 * NS)
    assert len(query.packets("power.status")) == 3, "and at the end of a contact"
    ground.close()


def test_no_archive_there(tmp_path):
    with pytest.raises(QueryError, match="no archive"):
        open_query(tmp_path)


# ---------------------------------------------------------------- opening


def test_one_writer_at_a_time(tmp_path, dictionary):
    archive = Archive(tmp_path, dictionary)
    with pytest.raises(ArchiveError, match="in use by another process"):
        Archive(tmp_path, dictionary)
    archive.close()
    Archive(tmp_path, dictionary).close()


def test_of_another_spacecraft(tmp_path, dictionary, changed_dictionary):
    Archive(tmp_path, dictionary).close()
    for change in ({"mission": "other"}, {"spacecraft_id": 43}):
        with pytest.raises(ArchiveError, match="archive of small, spacecraft 42, not of"):
            Archive(tmp_path, changed_dictionary(**change))
    Archive(tmp_path, dictionary).close()


def test_where_no_folder_can_be(tmp_path, dictionary):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match="file"):
        Archive(tmp_path / "file", dictionary)


@pytest.mark.slow
def test_memory_is_bounded_by_batches(tmp_path, dictionary, craft):
    archive = Archive(tmp_path, dictionary, flush_every_ns=10**18)
    ground = Ground(dictionary, archive)
    most = 0
    for _ in range(30):
        ground.receive(craft.down(*(craft.power(0) for _ in range(500))), 0)
        most = max(most, archive.index.pending)
    assert most < BATCH_ROWS + 500
    assert archive.index.pending < BATCH_ROWS
    ground.close()


def test_what_was_forgotten_may_come_twice(tmp_path, dictionary, craft):
    """The intervals of what was received are bounded; a packet that they have lost is no error."""
    archive = Archive(tmp_path, dictionary)
    ground = Ground(dictionary, archive)
    octets = craft.down(craft.power(0), craft.power(NS))
    ground.receive(octets, NS, "a")
    ground.coverage[2].received = IntervalSet()
    ground.receive(octets, 2 * NS, "b")
    assert len(archive.query.packets("power.status")) == 2
    ground.close()


def test_an_orderly_archive_is_opened_as_it_is(folder, dictionary):
    before = (folder / INDEX).stat().st_ino
    archive = Archive(folder, dictionary)
    assert archive.ended_cleanly
    archive.close()
    assert (folder / INDEX).stat().st_ino == before


# ---------------------------------------------------------------- made again


@pytest.mark.parametrize("how", ["rebuild", "removed", "damaged", "emptied", "torn", "old"])
def test_tables_are_made_again_from_the_frames(folder, dictionary, how, contents):
    before = contents(folder)
    assert all(before.values())
    octets = (folder / INDEX).read_bytes()
    if how == "rebuild":
        rebuild(folder, dictionary).close()
    elif how == "torn":  # a page in each four is lost, and there was no orderly end
        pages = [
            octets[at : at + 4096] if at % 16384 else bytes(4096) for at in range(4096, len(octets), 4096)
        ]
        connection = sqlite3.connect(folder / INDEX, isolation_level=None)
        connection.execute("UPDATE meta SET value = 0 WHERE key = 'clean'")
        connection.close()
        octets = (folder / INDEX).read_bytes()
        connection = sqlite3.connect(folder / INDEX, isolation_level=None)
        connection.execute("UPDATE meta SET value = 0 WHERE key = 'clean'")
        connection.close()
        octets = (folder / INDEX).read_bytes()
        pages = [
            octets[at : at + 4096] if at % 16384 else bytes(4096) for at in range(4096, len(octets), 4096)
        ]
        (folder / INDEX).write_bytes(octets[:4096] + b"".join(pages))
        Archive(folder, dictionary).close()
    elif how == "old":
        (folder / INDEX).write_bytes(octets[:60] + bytes(4) + octets[64:])  # user_version
        Archive(folder, dictionary).close()
    else:
        for path in folder.glob(INDEX + "*"):
            path.unlink()
        if how == "damaged":
            (folder / INDEX).write_bytes(b"this is no database, and long enough to be looked at" * 100)
        if how == "emptied":
            (folder / INDEX).write_bytes(b"")
        Archive(folder, dictionary).close()
    assert contents(folder) == before


@pytest.mark.slow
def test_a_second_run_is_made_again_too(folder, dictionary, craft, contents, a_day):
    """Two processes, two files, link numbers of their own."""
    ground = Ground(dictionary, Archive(folder, dictionary, 5000 * NS), 5000 * NS)
    a_day(ground, craft, 5000)
    ground.close()
    before = contents(folder)
    assert len(before["contacts"]) == 12
    rebuild(folder, dictionary).close()
    assert contents(folder) == before


@pytest.mark.slow
def test_small_files(tmp_path, dictionary, craft, contents, a_day):
    archive = Archive(tmp_path, dictionary)
    archive._writer.most_bytes = 3000
    ground = Ground(dictionary, archive)
    a_day(ground, craft)
    ground.close()
    before = contents(tmp_path)
    assert len(list((tmp_path / "segments").glob("*.seg"))) > 10
    rebuild(tmp_path, dictionary).close()
    assert contents(tmp_path) == before


def test_frames_of_an_older_dictionary_keep_their_meaning(
    folder, dictionary, changed_dictionary, craft, contents
):
    events = (replace(dictionary.events[1], text="BOARD {board}"), dictionary.events[0])
    newer = changed_dictionary(events=events, modules=(*dictionary.modules, ("extra", 9)))
    assert newer.hash != dictionary.hash
    before = contents(folder)
    ground = Ground(newer, Archive(folder, newer, 5000 * NS), 5000 * NS)
    ground.receive(craft.down(craft.event("power.changed", 5000 * NS, 0, 0.5, 28.0)), 5001 * NS)
    ground.close()
    rebuild(folder, newer).close()
    query = open_query(folder)
    assert query.dictionary.hash == newer.hash
    texts = [event.text for event in query.events()]
    assert texts == ["board alpha to 50% of 28"] * 15 + ["BOARD alpha"]
    assert [hash_ for _, hash_ in query.versions()] == [dictionary.hash, newer.hash]
    assert len(contents(folder)["packets"]) == len(before["packets"]) + 1
    assert open_query(folder, dictionary.hash).dictionary == dictionary


def test_frames_of_another_coding_and_length_are_rebuilt_with_their_own(
    folder, dictionary, changed_dictionary, craft, contents
):
    newer = changed_dictionary(coding=TmCoding(446, 2, TmRandomisation.LONG))
    before = len(contents(folder)["packets"])
    coded = type(craft)(newer)
    coded.next = list(craft.next)
    ground = Ground(newer, Archive(folder, newer, 5000 * NS), 5000 * NS)
    ground.receive(coded.down(coded.event("power.changed", 5000 * NS, 0, 0.5, 28.0)), 5001 * NS)
    ground.close()
    kept = contents(folder)
    assert len(kept["packets"]) == before + 1
    rebuild(folder, newer).close()
    assert contents(folder)["packets"] == kept["packets"]


def test_a_corrected_dictionary_reads_old_frames_anew(folder, dictionary, changed_dictionary):
    """The same layout, another text: after a rebuild the events say it."""
    corrected = changed_dictionary(
        events=(dictionary.events[0], replace(dictionary.events[1], text="Board {board}"))
    )
    assert corrected.hash == dictionary.hash
    rebuild(folder, corrected).close()
    assert {event.text for event in open_query(folder).events()} == {"Board alpha"}


@pytest.mark.parametrize("meanwhile", [True, False])
def test_the_index_by_kind_is_there_at_once_or_at_the_end(tmp_path, dictionary, meanwhile: bool) -> None:
    def there() -> bool:
        with closing(sqlite3.connect(tmp_path / INDEX)) as connection:
            names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'").fetchall()
        return ("packets_of_kind",) in names

    archive = Archive(tmp_path, dictionary, read_meanwhile=meanwhile)
    assert there() == meanwhile
    archive.close()
    assert there()
