"""cfdp-py wants a fault handler: ours counts."""

from __future__ import annotations

from typing import Any


def handler_class(mib: Any) -> Any:
    class Faults(mib.DefaultFaultHandlerBase):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []

        def notice_of_suspension_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
            self.seen.append(f"suspend {cond.name}")

        def notice_of_cancellation_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
            self.seen.append(f"cancel {cond.name}")

        def abandoned_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
            self.seen.append(f"abandon {cond.name}")

        def ignore_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
            self.seen.append(f"ignore {cond.name}")

    return Faults
