"""What a life begins with: keys and counters as the store found them, and what to do when it did not."""

from __future__ import annotations

from typing import NamedTuple

from flight.wire.sdls.association import Association, KeyState
from flight.wire.sdls.counter import (
    BLOCKS_SKIPPED,
    RECEIVING_BLOCK,
    SENDING_BLOCK,
    Counter,
    FollowingCounter,
)
from flight.wire.sdls.kept import KeySlot, unpack_counters, unpack_keys
from flight.wire.sdls.layout import NUMBER_LIMIT, Use
from flight.wire.sdls.vault import Vault


class Blocks(NamedTuple):
    """Numbers reserved at once.  `receiving` None: they are written behind (`FollowingCounter`)."""

    sending: int = SENDING_BLOCK
    receiving: int | None = RECEIVING_BLOCK


BLOCKS = Blocks()


class Resumed(NamedTuple):
    """For an event at the start."""

    keys: int
    given_up: int  # keys whose counter was lost
    skipped: bool  # numbers, because the counters may be old


def open_vault(
    vault: Vault,
    sends: Use,
    keys: bytes | None,
    counters: bytes | None,
    *,
    damaged: bool = False,
    blocks: Blocks = BLOCKS,
) -> Resumed:
    """Fill `vault` from what was stored.  `sends`: the direction in which this end is the sender.

    Without keys it stays empty, and everything is refused.  `damaged`: some copy of the counters was not good, so
    the one that was read may be old, and numbers are skipped.  Of a key without its counter nobody knows which
    numbers were used or taken: it is given up, and where no active key remains the first that waits serves.
    Whoever puts keys on a board stores their counters first, so that a counter's absence is always a loss.
    """
    slots = unpack_keys(keys or b"")
    if slots is None:
        return Resumed(0, 0, skipped=False)
    reserved = unpack_counters(counters or b"") or {}
    skip = BLOCKS_SKIPPED if damaged else 0
    associations = []
    for slot in slots:
        block = blocks.sending if slot.use is sends else blocks.receiving
        number = reserved.get(slot.spi, 0) + skip * (block or 0)
        associations.append(_association(slot, block, number))
    given_up = _give_up(associations, reserved)
    replaced = _replace(associations)
    vault.open(associations, stale=given_up > 0 or replaced)
    return Resumed(len(slots), given_up, skip > 0)


def _association(slot: KeySlot, block: int | None, number: int) -> Association:
    number = min(number, NUMBER_LIMIT)
    counter = FollowingCounter(number, RECEIVING_BLOCK) if block is None else Counter(number, block)
    return Association(slot.spi, slot.use, slot.key, slot.state, counter, tried=slot.tried)


def _give_up(associations: list[Association], reserved: dict[int, int]) -> int:
    """Keys that may have been used, and whose counters are not known."""
    lost = [
        one
        for one in associations
        if one.tried and one.spi not in reserved and one.state < KeyState.DEACTIVATED
    ]
    for association in lost:
        association.state = KeyState.DEACTIVATED
    return len(lost)


def _replace(associations: list[Association]) -> bool:
    """Where a direction has no active key, the first that waits becomes it."""
    replaced = False
    for use in Use:
        own = [one for one in associations if one.use is use]
        waiting = [one for one in own if one.state is KeyState.PRE_ACTIVATION]
        if waiting and all(one.state is not KeyState.ACTIVE for one in own):
            waiting[0].state, waiting[0].tried = KeyState.ACTIVE, True  # `on_disk` stays what the disk says
            replaced = True
    return replaced
