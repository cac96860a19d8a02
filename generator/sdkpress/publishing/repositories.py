"""What `--repository` means: an address, or a section of `~/.pypirc`; the only import of `twine`."""

from __future__ import annotations

import configparser
import os
import urllib.parse
from dataclasses import dataclass, replace

from sdkpress.diagnostics import COMMAND_LINE, SdkpressError, fatal, printable
from sdkpress.fetching import shown_url
from sdkpress.publishing.package_index import Credentials, simple_url
from sdkpress.publishing.programs import require_modules

__all__ = ["Repository", "find_repository"]


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a package goes, and where what is there already can be read.

    No address has credentials in it. `is_index_given` says that the address of the simple API is
    the user's, not ours. `index_credentials` are for that address alone.
    """

    upload_url: str
    index_url: str
    credentials: Credentials | None
    index_credentials: Credentials | None
    is_index_given: bool = False

    @property
    def shown(self) -> str:
        """The address for messages."""
        return shown_url(self.upload_url)


def find_repository(named: str, index: str | None = None) -> Repository:
    """The repository that a user named by its address or its section in `~/.pypirc`.

    Credentials are looked for in this order: the address, TWINE_USERNAME and TWINE_PASSWORD, the
    section. Raises SdkpressError: `usage` for what is neither, `missing-tool` without twine.
    """
    configured: Credentials | None = None
    if "://" in named:
        address = named
    else:
        address, configured = _section(named)
    upload_url, in_address = _split(address, "--repository")
    credentials = in_address or _environment(configured) or configured
    if index is None:
        index_url, in_index, is_given = simple_url(upload_url), None, False
    else:
        index_url, in_index = _split(index, "--repository-index")
        is_given = True
    # An address on another host learns nothing that it was not given itself.
    same = _origin(index_url) == _origin(upload_url)
    return Repository(
        upload_url,
        index_url,
        credentials,
        in_index or (credentials if same else None),
        is_given,
    )


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _split(address: str, option: str) -> tuple[str, Credentials | None]:
    """An address without the credentials in it, and these."""
    try:
        parts = urllib.parse.urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise _usage(f"{option}: this is not an address: {shown_url(address)}") from None
    del port
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _usage(f"{option}: not an http or https address: {shown_url(address)}")
    host = parts.netloc.rpartition("@")[2]
    url = urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))
    if "@" not in parts.netloc:
        return url, None
    username = urllib.parse.unquote(parts.username or "")
    return url, Credentials(username, urllib.parse.unquote(parts.password or ""))


def _environment(configured: Credentials | None) -> Credentials | None:
    username = os.environ.get("TWINE_USERNAME") or (configured.username if configured else "")
    password = os.environ.get("TWINE_PASSWORD")
    if not password:
        return replace(configured, username=username) if configured and username else None
    return Credentials(username or "__token__", password)


def _section(name: str) -> tuple[str, Credentials | None]:
    """The address and the credentials of a section of `~/.pypirc`, as twine reads it; it knows the
    two public indexes by name."""
    require_modules({"twine": "twine"})
    from twine.utils import DEFAULT_CONFIG_FILE, get_config

    try:
        known = get_config(DEFAULT_CONFIG_FILE)
    except (configparser.Error, OSError, ValueError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise _usage(f"~/.pypirc cannot be read: {printable(lines[0])}") from None
    section = known.get(name)
    if section is None or not section.get("repository"):
        listed = ", ".join(sorted(known))
        message = f"--repository: {name!r} is no address and no section of ~/.pypirc ({listed})"
        raise _usage(message)
    username, password = section.get("username"), section.get("password")
    found = Credentials(username or "__token__", password) if password else None
    return str(section["repository"]), found


def _usage(message: str) -> SdkpressError:
    return fatal("usage", message, COMMAND_LINE)
