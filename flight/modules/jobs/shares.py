"""Fair shares: what each tenant's jobs have drawn in the last day, and what its values weigh for that.

The rule, as a tenant may read it: values count in full while a tenant has had no more than an even share of the energy
of the last 24 hours, among the tenants with jobs on board.  Beyond that they count less, as its share is greater: with
twice its even share, half.  Never less than `jobs.fair_floor`.
"""

from __future__ import annotations

from flight.jobs import DamagedError, as_list, as_text, as_whole

HOUR_NS = 3600 * 10**9
HOURS = 24
OWNERS_MAX = 64  # tenants of a mission
ENERGY_MAX_MJ = 2**62 - 1


class Shares:
    """Energy by owner and hour of mission time."""

    def __init__(self) -> None:
        self.had: dict[str, dict[int, int]] = {}

    def add(self, owner: str, energy_mj: int, now: int) -> None:
        hour = now // HOUR_NS
        self._forget(hour)
        if owner in self.had or len(self.had) < OWNERS_MAX:
            hours = self.had.setdefault(owner, {})
            hours[hour] = hours.get(hour, 0) + energy_mj

    def day_mj(self, owner: str, now: int) -> int:
        first = now // HOUR_NS - HOURS
        return sum(mj for hour, mj in self.had.get(owner, {}).items() if hour > first)

    def weights(self, owners: frozenset[str], floor: float, now: int) -> dict[str, float]:
        """Of those with jobs on board."""
        had = {owner: self.day_mj(owner, now) for owner in owners}
        whole = sum(had.values())
        if not whole:
            return dict.fromkeys(owners, 1.0)
        even = whole / len(owners)
        return {owner: max(floor, min(1.0, even / mj)) if mj else 1.0 for owner, mj in had.items()}

    def _forget(self, hour: int) -> None:
        for owner, hours in list(self.had.items()):
            for old in [one for one in hours if one <= hour - HOURS]:
                del hours[old]
            if not hours:
                del self.had[owner]


def shares_value(shares: Shares) -> list[object]:
    return [[owner, [[hour, mj] for hour, mj in hours.items()]] for owner, hours in shares.had.items()]


def read_shares(value: object) -> Shares | None:
    """None if it makes no sense."""
    found = Shares()
    try:
        for entry in as_list(value, most=OWNERS_MAX):
            owner, hours = as_list(entry, 2)
            found.had[as_text(owner)] = dict(_hour(one) for one in as_list(hours, most=HOURS + 1))
    except DamagedError:
        return None
    return found


def _hour(value: object) -> tuple[int, int]:
    hour, energy_mj = as_list(value, 2)
    return as_whole(hour), as_whole(energy_mj, 0, ENERGY_MAX_MJ)
