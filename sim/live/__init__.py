"""A mission that a person can operate: flight, world and ground as real processes, in real time or faster.

```
  flight                                world                                ground
  (guardian, executive, worker)  <-TCP->  radio | station  <-TCP->  skyrack-ground server
                                 <-ZeroMQ-> umbilical
```
The world listens, on ports that it chooses; flight and ground connect, and connect again.  Octets go as they are: CADUs
down, telecommand frames up.  Nobody tells the ground of a contact: it is there while octets come.  The orchestra's
`live.json` says where everything listens.
"""

from sim.live.orchestra import LiveError, LiveOptions, live

__all__ = ["LiveError", "LiveOptions", "live"]
