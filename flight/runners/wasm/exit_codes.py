"""How the host of a WebAssembly job says why it ended; its guests have exit codes of their own, 0 to GUEST_CODE_MAX."""

from __future__ import annotations

GUEST_CODE_MAX = 100
TRAPPED, FUEL, REFUSED = 121, 122, 123
