"""`skyrack-hil`: real and emulated boards on a bench.  Says what is missing, until the serial link is there."""

from __future__ import annotations

import sys

NOT_YET = "the test bench comes with the serial link and is not part of this version; nothing was started"


def main() -> int:
    """2, as for any request that cannot be served."""
    sys.stderr.write(f"skyrack-hil: {NOT_YET}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
