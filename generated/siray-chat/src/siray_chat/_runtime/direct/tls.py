"""TLS: the context that all https connections of a process share, and what its failures mean.

The context is made at the first https connection, and checks certificate and host name. Which
authorities are trusted is OpenSSL's own rule: those of the system, or what ``SSL_CERT_FILE`` and
``SSL_CERT_DIR`` name in their place. No other package is asked for certificates, so that installing
one never changes whom a program trusts.
"""

from __future__ import annotations

import os
import ssl
import sys

from ..errors import ConfigurationError
from ..transport import TransportError

_shared: dict[tuple[str | None, str | None], ssl.SSLContext] = {}
"""By the values of the two variables: a program may set them after its first connection."""

_ADVICE = (
    "install the certificates of the system (the package ca-certificates of most Linux "
    "distributions; on macOS run 'Install Certificates.command' of Python), or set SSL_CERT_FILE "
    "to a bundle (pip install certifi; python -m certifi prints the path of one), or pass "
    "ssl_context=..."
)


def shared_context() -> ssl.SSLContext:
    """The context for clients that were given none. Raises ConfigurationError where nobody is trusted."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    context = _shared.get((file, folder))
    if context is None:
        # Without a lock, which a fork could leave taken: two threads may each make one, once.
        context = _shared.setdefault((file, folder), _new_context(file))
    return context


def _new_context(file: str | None) -> ssl.SSLContext:
    if file and not _holds_nothing(file):
        # Not by OpenSSL's defaults: those pass over a file that cannot be read, and the failure
        # would be the server's.
        try:
            context = ssl.create_default_context(cafile=file)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigurationError(
                f"SSL_CERT_FILE={file!r} cannot be used: {reason}. Correct it, or {_ADVICE}"
            ) from None
        # The folder remains that of the defaults; it is read when a certificate is looked for.
        paths = ssl.get_default_verify_paths()
        folder = os.environ.get(paths.openssl_capath_env, paths.openssl_capath)
        if folder:
            context.load_verify_locations(capath=folder)
        if sys.platform == "win32":
            context.load_default_certs()  # those of the system's store besides
    else:
        context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not _folder_has_certificates():
        raise ConfigurationError(
            "no certificate authorities were found, so no https server can be trusted: " + _ADVICE
        )
    context.set_alpn_protocols(["http/1.1"])
    return context


def _holds_nothing(file: str) -> bool:
    """Whether it can be read, and nothing is in it: so is a store said to be empty (/dev/null)."""
    try:
        with open(file, "rb") as opened:
            return not opened.read(1)
    except OSError:
        return False


def _folder_has_certificates() -> bool:
    """Whether OpenSSL will find certificates by their hash (``5ed36f99.0``), which it reads when asked."""
    paths = ssl.get_default_verify_paths()
    named = os.environ.get(paths.openssl_capath_env, paths.openssl_capath)
    for folder in named.split(os.pathsep):
        try:
            if folder and any(
                len(stem := name.rpartition(".")[0]) == 8 and stem.isalnum()
                for name in os.listdir(folder)
            ):
                return True
        except OSError:
            continue
    return False


def failure(error: Exception, name: str, *, has_own_context: bool = False) -> TransportError:
    """What a failed handshake with the server ``name`` means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or str(error)
        message = f"the certificate of {name} was refused: {reason}"
        if error.verify_code in _UNKNOWN_ISSUER:
            hint = "in ssl_context" if has_own_context else "by SSL_CERT_FILE or ssl_context"
            message += f" (an authority of your own is made known {hint})"
        return TransportError(message, "connecting", permanent=True)
    reason = getattr(error, "reason", None) or str(error) or type(error).__name__
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return TransportError(f"{name} does not answer in TLS: is it an http:// URL?", "connecting")
    return TransportError(f"no TLS connection to {name}: {reason}", "connecting")


_UNKNOWN_ISSUER = (18, 19, 20, 21)
"""Self-signed, self-signed in the chain, issuer not found, issuer of the first not found."""


def check_protocol(selected: str | None, name: str) -> None:
    """Refuse what a context of the caller has agreed on beside HTTP/1.1. Raises TransportError."""
    if selected is not None and selected not in ("http/1.1", "http/1.0"):
        raise TransportError(
            f"ssl_context offers {selected} and {name} chose it; this client speaks HTTP/1.1",
            "connecting",
            permanent=True,
        )


class Session:
    """TLS on one connection, without I/O: bytes in, bytes out (RFC 8446).

    Many small records come as one block: whoever waits is woken once for all of them.
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "is_ended", "is_ready")

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        """``name`` is the host that the certificate has to be for. Raises ValueError for no name."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self.is_ready: bool = False
        """Whether the handshake is done."""
        self.is_ended: bool = False
        """Whether the other side has said that nothing follows."""

    def handshake(self, data: bytes | memoryview = b"") -> None:
        """Take what was received (first: nothing); what ``pending`` gives is to be sent afterwards.

        That holds also where this raises ssl.SSLError: it is why the other side is refused.
        """
        if data:
            self._incoming.write(data)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.is_ready = True

    def pending(self) -> bytes:
        """What is to be sent, of the handshake or of the protocol's own messages; often nothing."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def decrypt(self, data: bytes | memoryview = b"") -> bytes:
        """What was received, in plain; maybe nothing, and maybe there is something ``pending``.

        Raises ssl.SSLError, and not before all that came before the fault has been given.
        """
        if data:
            self._incoming.write(data)
        read = self._object.read
        records: list[bytes] = []
        try:
            while record := read(_RECORD):
                records.append(record)
            self.is_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_ended = True
        except ssl.SSLError:
            if not records:
                raise
        return records[0] if len(records) == 1 else b"".join(records)

    def encrypt(self, data: bytes | memoryview) -> bytes:
        """What to send for ``data``."""
        if data:
            self._object.write(data)
        return self._outgoing.read()

    def goodbye(self) -> bytes:
        """What to send before the connection is closed (close_notify); never raises."""
        try:
            self._object.unwrap()
        except (ssl.SSLError, OSError, ValueError):
            pass  # the answer to it is not waited for
        return self._outgoing.read()

    @property
    def protocol(self) -> str | None:
        """What was agreed on by ALPN."""
        return self._object.selected_alpn_protocol()


_RECORD = 16384
"""The most that one record holds (RFC 8446 section 5.1)."""
