"""From the folder of a client to its wheel and sdist: the same bytes wherever and whenever."""

from sdkpress.building.distributions import Built, build
from sdkpress.building.epoch import source_date_epoch
from sdkpress.building.sources import ClientSources, read_sources

__all__ = ["Built", "ClientSources", "build", "read_sources", "source_date_epoch"]
