"""The generated client against servers that others wrote: ``make test-peers``."""
