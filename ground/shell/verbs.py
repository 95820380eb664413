"""What each word does.  Each returns an exit code: 0 done, 1 it did not happen, 2 the words make no sense."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from ground.jobs import command
from ground.shell import filing, jobs, link_view, looking, orbit, sending, services
from ground.shell.desk import Desk


def job(desk: Desk, options: argparse.Namespace) -> int:
    return jobs.online(desk, options) if jobs.is_online(options) else command.job(options, desk.say)


VERBS: Mapping[str, Callable[[Desk, argparse.Namespace], int]] = {
    "command": sending.command,
    "arm": sending.arm,
    "test": sending.test,
    "set": sending.set_parameter,
    "snapshot": sending.snapshot,
    "once": sending.once,
    "retrieve": sending.retrieve,
    "schedule": services.schedule,
    "monitor": services.monitor,
    "action": services.action,
    "store": services.store,
    "acknowledge": sending.acknowledge,
    "seat": sending.seat,
    "put": filing.put,
    "ls": filing.ls,
    "rm": filing.rm,
    "files": filing.files,
    "get": looking.get,
    "watch": looking.watch,
    "events": looking.events,
    "history": looking.history,
    "link": link_view.link,
    "gaps": looking.gaps,
    "alarms": looking.alarms,
    "dictionary": looking.dictionary,
    "elements": orbit.elements,
    "job": job,
}
