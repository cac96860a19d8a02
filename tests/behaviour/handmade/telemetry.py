"""OpenTelemetry, as in generated packages."""

from ._runtime.telemetry import OpenTelemetry as OpenTelemetry
from ._runtime.telemetry import instrument as instrument
