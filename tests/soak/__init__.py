"""Hundreds of streams at once for minutes, against a server with faults: ``make soak``."""
