# mypy: disable-error-code="union-attr, index"
"""What a `Fop` holds, and what each word of the test's table 5-1 does to that."""

from __future__ import annotations

from flight.wire import TcFrameType
from flight.wire.cop1 import (
    Alert,
    AlertNotice,
    Directive,
    DirectiveNotice,
    FopEvent,
    Response,
    SuspendNotice,
    TransferNotice,
)
from tests.flight.wire.cop1.fop_scene import AD, BC, BD, Scene


class Snapshot:
    """What a Fop holds and has said, and what each word of the table does to that."""

    def __init__(self, scene: Scene, event: FopEvent) -> None:
        fop = scene.fop
        self.event, self.scene, self.state = event, scene, fop.state
        self.v_s, self.nn_r, self.count = fop.v_s, fop.nn_r, fop.transmissions
        self.values = [fop.window, fop.t1_ns, fop.limit, fop.timeout_type]
        self.resting = fop.suspended
        self.open = [(sent.frame.sequence, sent.request, sent.repeat) for sent in fop._sent]
        self.control = None if fop._control is None else (fop._control.frame.data, fop._control.repeat)
        self.waiting = None if fop._waiting is None else fop._waiting.request
        self.lower = {
            kind: (handed.frame.sequence, handed.frame.data, handed.taken)
            for kind, handed in fop._lower.items()
        }
        self.timer = fop._timer_ns is not None
        self.initiating = fop._initiating
        self.notices: list[object] = []
        self.directive: Directive | None = None
        self.request = self.report = 0

    def same(self) -> dict[str, object]:
        left_out = {"event", "scene", "directive", "request", "report"}
        return {name: value for name, value in vars(self).items() if name not in left_out}

    def tell(self, response: Response) -> None:
        if self.directive is not None:
            self.notices.append(DirectiveNotice(self.directive, response))
        else:
            self.notices.append(TransferNotice(self.request, response))

    def purge(self) -> None:
        self.notices += [TransferNotice(request, Response.NEGATIVE_CONFIRM) for _, request, _ in self.open]
        self.open, self.control, self.nn_r = [], None, self.v_s
        self.withdraw(AD)
        self.withdraw(BC)
        if self.waiting is not None:
            self.notices.append(TransferNotice(self.waiting, Response.REJECT))
            self.waiting = None

    def withdraw(self, kind: TcFrameType) -> None:
        if kind in self.lower and not self.lower[kind][2]:
            del self.lower[kind]

    def alert(self, code: Alert) -> None:
        self.timer = False
        self.purge()
        self.end_initiate(Response.NEGATIVE_CONFIRM)
        self.notices.append(AlertNotice(code, self.event, self.state))

    def end_initiate(self, response: Response) -> None:
        if self.initiating is not None:
            self.notices.append(DirectiveNotice(self.initiating, response))
            self.initiating = None

    def hand(self, kind: TcFrameType, sequence: int, data: bytes) -> None:
        assert kind not in self.lower
        self.lower[kind] = (sequence, data, False)

    # ---------------------------------------------------------------- the words

    def ack(self) -> None:
        while self.nn_r != self.report:
            sequence, request, _ = self.open.pop(0)
            assert sequence == self.nn_r
            self.notices.append(TransferNotice(request, Response.POSITIVE_CONFIRM))
            self.nn_r = (self.nn_r + 1) % 256
        self.count = 1

    def off(self) -> None:
        self.timer = False

    def on(self) -> None:
        self.timer = True

    def look(self) -> None:
        if AD in self.lower:
            return
        for index, (sequence, request, again) in enumerate(self.open):
            if again:
                self.open[index] = (sequence, request, False)
                self.hand(AD, sequence, b"data")
                return
        if self.waiting is not None and len(self.open) < self.values[0]:
            self.notices.append(TransferNotice(self.waiting, Response.ACCEPT))
            self.count = self.count if self.open else 1
            self.open.append((self.v_s, self.waiting, False))
            self.hand(AD, self.v_s, b"data")
            self.v_s, self.waiting, self.timer = (self.v_s + 1) % 256, None, True

    def again(self) -> None:
        self.withdraw(AD)
        self.count += 1
        self.timer = True
        self.open = [(sequence, request, True) for sequence, request, _ in self.open]

    def bcagain(self) -> None:
        self.count += 1
        self.timer = True
        self.hand(BC, 0, self.control[0])

    def bclook(self) -> None:
        if self.control[1] and BC not in self.lower:
            self.control = (self.control[0], False)
            self.hand(BC, 0, self.control[0])

    def wait(self) -> None:
        self.waiting = self.request

    def ok(self) -> None:
        self.tell(Response.ACCEPT)

    def no(self) -> None:
        self.tell(Response.REJECT)

    def yes(self) -> None:
        self.tell(Response.POSITIVE_CONFIRM)
        if self.initiating is self.directive:
            self.initiating = None

    def init(self) -> None:
        self.end_initiate(Response.POSITIVE_CONFIRM)

    def free(self) -> None:
        self.control = None
        self.withdraw(BC)

    def bd(self) -> None:
        self.hand(BD, 0, b"data")

    def new(self) -> None:
        self.purge()
        self.count, self.resting = 1, None
        self.end_initiate(Response.NEGATIVE_CONFIRM)
        self.initiating = self.directive

    def unlock(self) -> None:
        self.control, self.count, self.timer = (b"\x00", False), 1, True
        self.hand(BC, 0, b"\x00")

    def setvr(self) -> None:
        self.control, self.count, self.timer = (b"\x82\x00M", False), 1, True
        self.hand(BC, 0, b"\x82\x00M")

    def vs(self) -> None:
        self.v_s = self.nn_r = self.directive.value

    def rest(self) -> None:
        self.resting = self.state
        self.timer = False
        self.notices.append(SuspendNotice(self.state))

    def go(self) -> None:
        self.resting, self.timer = None, True

    def k(self) -> None:
        self.values[0] = self.directive.value

    def ti(self) -> None:
        self.values[1] = self.directive.value

    def tl(self) -> None:
        self.values[2] = self.directive.value

    def tt(self) -> None:
        self.values[3] = self.directive.value

    def ad(self) -> None:
        del self.lower[AD]

    def bc(self) -> None:
        del self.lower[BC]

    def bdfree(self) -> None:
        del self.lower[BD]


WORDS_OF_ALERT = {
    "limit": Alert.LIMIT,
    "t1": Alert.T1,
    "lockout": Alert.LOCKOUT,
    "synch": Alert.SYNCH,
    "nnr": Alert.NNR,
    "clcw": Alert.CLCW,
    "llif": Alert.LLIF,
    "term": Alert.TERM,
}
