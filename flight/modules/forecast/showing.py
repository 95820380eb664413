"""What is learned and expected, as telemetry."""

from __future__ import annotations

from flight.declare import SECOND
from flight.modules.forecast.accuracy import Accuracy
from flight.modules.forecast.fits import Fits
from flight.modules.forecast.outlooks import Sky
from flight.modules.forecast.packets import SOON_MAX_S, Errors, Loads, Status
from flight.modules.forecast.planned import Planned


def show_learned(status: Status, fits: Fits) -> None:
    status.array, status.array_cold = fits.array.base, fits.array.slope
    status.base_load, status.base_load_in_contact = fits.base_w, fits.contact_w
    status.idle_temperature, status.resistance = fits.heat.base, fits.heat.slope
    status.taper = fits.taper_w


def show_next(status: Status, sky: Sky | None, now: int, slot_s: int) -> None:
    """Seconds to the next pass and the next shadow."""
    status.next_pass = status.next_shadow = SOON_MAX_S
    status.next_station = 0
    if sky is None:
        return
    coming = next((one for one in sky.passes if one.last_ns > now), None)
    if coming is not None:
        status.next_pass = min(SOON_MAX_S, max(0, (coming.first_ns - now) // SECOND))
        status.next_station = coming.station
    place = max(0, (now - sky.slot_0_ns) // (slot_s * SECOND))
    for slot, share in enumerate(sky.eclipse[place:], place):
        if share > 0.0:
            begins = sky.slot_0_ns + slot * slot_s * SECOND
            status.next_shadow = min(SOON_MAX_S, max(0, (begins - now) // SECOND))
            return


def show_errors(errors: Errors, found: Accuracy) -> None:
    errors.compared = found.charge.count
    errors.charge, errors.charge_mean = found.charge.last, found.charge.mean
    errors.charge_rms = found.charge.rms
    errors.charge_mean_given_load = found.charge_given_load.mean
    errors.charge_rms_given_load = found.charge_given_load.rms
    errors.temperature, errors.temperature_mean = found.temperature.last, found.temperature.mean
    errors.temperature_rms = found.temperature.rms
    errors.temperature_mean_given_load = found.temperature_given_load.mean
    errors.temperature_rms_given_load = found.temperature_given_load.rms


def show_loads(loads: Loads, plan: Planned) -> None:
    loads.with_plan, loads.off_plan = plan.followed, plan.contradicted
    loads.plan_steps = len(plan.loads.steps) if plan.loads is not None else 0
