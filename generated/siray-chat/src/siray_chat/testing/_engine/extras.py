"""What to say where a library of the extra `testing` is not installed."""

from __future__ import annotations

__all__ = ["not_installed"]


def not_installed(what: str, library: str) -> ImportError:
    """The error of `what`, which needs `library`: it says what to install."""
    from importlib import metadata  # takes its time, and is seldom needed

    package = __name__.partition(".")[0]
    # Not every distribution has the name of its package. Where the package is none that was
    # installed, as in a source tree, it is likely to.
    known = metadata.packages_distributions().get(package)
    distribution = known[0] if known else package.replace("_", "-")
    return ImportError(f"{what} {library}: install it with `pip install '{distribution}[testing]'`")
