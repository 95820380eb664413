"""`[[tenant]]` and `[[job]]` of a scenario, and what is wrong with them, in one line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sim.configuration import ConfigurationError
from sim.payload.packages import packages_of
from sim.payload.tables import LevelTable
from sim.scenario import Scenario, load_scenario, without_jobs

HEAD = """name = "x"
spacecraft = "pathfinder"
duration = "1 day"
seed = 1
tle = [
  "1 40115U 14048A   26114.26139334  .00000689  00000+0  87180-4 0  9993",
  "2 40115  97.8579 189.8383 0002768 112.4313 247.7195 14.84928730633908",
]
stations = ["Troll"]
"""
TENANT = """[[tenant]]
owner = "acme"
"""
JOB = """[[job]]
at = "1 h"
tenant = "acme"
name = "train"
work = "30 min"
level = [{ power = "15 W", speed = 1.0 }]
"""
FIRST = HEAD.count("\n") + 1  # line of what follows the head
JOB_LINE = FIRST + TENANT.count("\n")


def load(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "my.toml"
    path.write_text(HEAD + text)
    return load_scenario(path)


def test_the_least_that_a_job_says(tmp_path) -> None:
    scenario = load(tmp_path, TENANT + JOB)
    (tenant,), (job,) = scenario.tenants, scenario.jobs
    assert (tenant.owner, tenant.jobs, tenant.power_w) == ("acme", 64, 1e6)
    assert (job.label, job.at_s, job.work_s, job.levels) == (
        "acme/train",
        3600,
        1800,
        (LevelTable(15.0, 1.0),),
    )
    assert (job.deadline_s, job.release_s, job.value, job.preemptible) == (math.inf, 0.0, 1, True)
    assert (job.redundancy, job.attempts, job.anomaly_allowed, job.line) == ("none", 3, False, JOB_LINE)


def test_all_that_it_can_say(tmp_path) -> None:
    text = JOB + (
        'value = 9\nrelease = "2 h"\ndeadline = "5 h"\npreemptible = false\nresume = "0 s"\n'
        'anomaly_allowed = true\nredundancy = "vote"\nattempts = 1\nsilence = "60 s"\ncores = 2\n'
        "memory_mb = 100\ninput_octets = 10\noutput_octets = 20\n"
        '[[job.level]]\npower = "10 W"\nspeed = "40 %"\n'
    ).replace("[[job.level]]", "", 0)
    text = text.replace('level = [{ power = "15 W", speed = 1.0 }]\n', "")
    tenant = TENANT + (
        "jobs = 2\nstored_octets = 3\noutput_octets = 4\ncores = 5\nmemory_mb = 6\ndisk_mb = 7\n"
        'power = "8 W"\nvalue = 9\n'
    )
    scenario = load(tmp_path, tenant + text)
    (job,), (found,) = scenario.jobs, scenario.tenants
    assert (job.value, job.release_s, job.deadline_s, job.preemptible) == (9, 7200, 18000, False)
    assert (job.anomaly_allowed, job.redundancy, job.attempts, job.silence_s) == (True, "vote", 1, 60)
    assert (job.cores, job.memory_mb, job.input_octets, job.output_octets) == (2, 100, 10, 20)
    assert job.levels == (LevelTable(10.0, 0.4),)
    assert (found.jobs, found.stored_octets, found.output_octets, found.cores) == (2, 3, 4, 5)
    assert (found.memory_mb, found.disk_mb, found.power_w, found.value) == (6, 7, 8.0, 9)


def test_jobs_are_in_order_of_time(tmp_path) -> None:
    early = JOB.replace("1 h", "1 min").replace("train", "early")
    assert [job.name for job in load(tmp_path, TENANT + JOB + early).jobs] == ["early", "train"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (
            TENANT + JOB.replace('"acme"', '"acne"'),
            JOB_LINE + 2,
            'job.tenant: no tenant is called "acne", did',
        ),
        (TENANT + TENANT, FIRST + 3, 'tenant.owner: "acme" is given twice, expected once'),
        (TENANT + JOB + JOB, JOB_LINE + 9, 'job.name: acme has two jobs called "train", expected one'),
        (TENANT + JOB.replace("1 h", "2 days"), JOB_LINE + 1, "job.at: 172800 s is after the end of the run"),
        (
            TENANT + JOB.replace("30 min", "30 W"),
            JOB_LINE + 4,
            'job.work: "30 W" is a power, expected a time',
        ),
        (
            TENANT + JOB.replace("15 W", "15 V"),
            JOB_LINE + 5,
            'job.level.power: "15 V" is a voltage, expected',
        ),
        (TENANT + JOB.replace("1.0", "0"), JOB_LINE + 5, "job.level.speed: 0 is out of range, expected"),
        (TENANT + JOB.replace("work", "worc"), JOB_LINE + 4, 'job.worc: unknown key, did you mean "work"?'),
        (
            TENANT + JOB + "redundancy = 'votes'\n",
            JOB_LINE + 6,
            'job.redundancy: "votes" is unknown, did you',
        ),
        (TENANT + JOB + "attempts = 0\n", JOB_LINE + 6, "job.attempts: 0 is out of range, expected a whole"),
        (
            TENANT.replace("acme", "ac me"),
            FIRST + 1,
            'tenant.owner: "ac me" does not fit, expected a name of',
        ),
        (
            TENANT + JOB + '[[fault]]\nat = "2 h"\ntarget = "job.acme/trein"\nkind = "crash"\n',
            JOB_LINE + 8,
            'fault.target: no job is called "acme/trein", did you mean "acme/train"?',
        ),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, text, line, says) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/my.toml:{line}: {says}")
    assert "\n" not in str(caught.value)


def test_what_the_packer_refuses_is_one_line_too(tmp_path) -> None:
    scenario = load(tmp_path, TENANT + JOB + 'preemptible = false\nresume = "9 s"\n')
    with pytest.raises(ConfigurationError) as caught:
        packages_of(scenario, 1)
    says = f"{tmp_path}/my.toml:{JOB_LINE}: job acme/train: resume_s: "
    assert str(caught.value).startswith(says)


def test_another_mission_that_takes_no_jobs_flies_the_rest(tmp_path) -> None:
    fault = '[[fault]]\nat = "2 h"\ntarget = "{}"\nkind = "{}"\n'
    text = TENANT + JOB + fault.format("job.acme/train", "crash") + fault.format("computer", "reset")
    rest = without_jobs(load(tmp_path, text))
    assert (rest.jobs, rest.tenants) == ((), ())
    assert [one.target for one in rest.faults] == ["computer"]
