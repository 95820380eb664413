"""What an operator asks of the packet stores on board (service 15): records again, switches, deletion, reports."""

from __future__ import annotations

from collections.abc import Sequence

from flight.wire import encode_cuc, packet_stores
from flight.wire.packet_stores import RANGE, SERVICE, pack_deletion, pack_stores
from ground.commanding import CommandError, CommandRecord
from ground.fields import suggestion
from ground.sender import Asking

COUNT_LIMIT = 2**56 - 1
NS = 1_000_000_000
SEARCH_S = 330.0  # a search by time takes the spacecraft up to five minutes
ALWAYS_NS = 2**32 * NS - 1  # the last time that a time code holds


class StoreRequests(Asking):
    """Each returns the record of the telecommand that was queued; CommandError, and nothing sent, if it cannot be.

    Of no stores named, all.
    """

    def retrieve(
        self, store: str | int, first: int, last: int, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        """Records `first` to `last` of a store again."""
        stores = self._sender.dictionary.stores
        index = self._numbers([store])[0] if isinstance(store, str) else store
        if not 0 <= index < len(stores) or not 0 <= first <= last <= COUNT_LIMIT:
            raise CommandError(f"store {store}, records {first} to {last}: no such range")
        data = RANGE.pack(index, first, last)
        text = f"retrieve {stores[index]} {first} {last}"
        return self._ask(SERVICE, packet_stores.RETRIEVE, data, now_ns, text, source)

    def retrieve_time(
        self, store: str, first_ns: int, last_ns: int, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        """The records of a store that were made from mission time `first_ns` to `last_ns` again."""
        (index,) = self._numbers([store])
        if not 0 <= first_ns <= last_ns:
            raise CommandError("the time window ends before it begins")
        data = bytes([1, index]) + encode_cuc(first_ns) + encode_cuc(last_ns)
        text = f"retrieve {store} T+{first_ns / NS:g} T+{last_ns / NS:g}"
        return self._search(packet_stores.RETRIEVE_TIME, data, now_ns, text, source)

    def abort_retrieval(self, stores: Sequence[str], now_ns: int, source: str = "operator") -> CommandRecord:
        """What was asked for and is still to come."""
        return self._listed(packet_stores.ABORT, "abort", stores, now_ns, source)

    def suspend_playback(
        self, stores: Sequence[str], on: bool, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        """What no pass has seen waits; or it comes again by itself."""
        subtype, word = (packet_stores.SUSPEND, "suspend") if on else (packet_stores.RESUME, "resume")
        return self._listed(subtype, word, stores, now_ns, source)

    def enable_storage(
        self, stores: Sequence[str], on: bool, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        subtype, word = (packet_stores.ENABLE, "on") if on else (packet_stores.DISABLE, "off")
        return self._listed(subtype, word, stores, now_ns, source)

    def delete_records(
        self, stores: Sequence[str], until_ns: int, now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        """Those made up to mission time `until_ns`; ALWAYS_NS for all that there are."""
        if until_ns < 0:
            raise CommandError("mission time begins at 0")
        data = pack_deletion(until_ns, self._numbers(stores))
        until = "all" if until_ns >= ALWAYS_NS else f"to T+{until_ns / NS:g}"
        text = " ".join(["store delete", *stores, until])
        return self._search(packet_stores.DELETE, data, now_ns, text, source)

    def list_stores(self, now_ns: int, source: str = "operator") -> CommandRecord:
        """Which take packets, and which play back."""
        return self._ask(SERVICE, packet_stores.REPORT_STATUS, b"", now_ns, "store list", source)

    def show_stores(self, stores: Sequence[str], now_ns: int, source: str = "operator") -> CommandRecord:
        """From when to when, and how full."""
        data = pack_stores(self._numbers(stores))
        text = " ".join(["store show", *stores])
        return self._search(packet_stores.REPORT_CONTENTS, data, now_ns, text, source)

    def _listed(
        self, subtype: int, word: str, stores: Sequence[str], now_ns: int, source: str
    ) -> CommandRecord:
        text = " ".join(["store", word, *stores])
        return self._ask(SERVICE, subtype, pack_stores(self._numbers(stores)), now_ns, text, source)

    def _search(self, subtype: int, data: bytes, now_ns: int, text: str, source: str) -> CommandRecord:
        """The spacecraft looks through its stores, which takes its time."""
        label = text.split(" ", 1)[0]
        return self._sender.request(
            SERVICE, subtype, data, now_ns, label=label, text=text, source=source, answer_within_s=SEARCH_S
        )

    def _numbers(self, stores: Sequence[str]) -> list[int]:
        known = self._sender.dictionary.stores
        for store in stores:
            if store not in known:
                near = suggestion(store, known) or f", there are {', '.join(known)}"
                raise CommandError(f"{store}: no such store{near}")
        return [known.index(store) for store in stores]
