"""The forecast: what sunlight, loads, heat and passes the next hours bring, measured against what came."""

from flight.modules.forecast.loads import BoardLoad
from flight.modules.forecast.module import Forecasting, forecast

__all__ = ["BoardLoad", "Forecasting", "forecast"]
