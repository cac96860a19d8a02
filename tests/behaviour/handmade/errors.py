"""The errors, as generated packages re-export them."""

from ._runtime.errors import APIConnectionError as APIConnectionError
from ._runtime.errors import APIStatusError as APIStatusError
from ._runtime.errors import APITimeoutError as APITimeoutError
from ._runtime.errors import AuthenticationError as AuthenticationError
from ._runtime.errors import BadRequestError as BadRequestError
from ._runtime.errors import ConfigurationError as ConfigurationError
from ._runtime.errors import InternalServerError as InternalServerError
from ._runtime.errors import MissingCredentialsError as MissingCredentialsError
from ._runtime.errors import RateLimitError as RateLimitError
from ._runtime.errors import ResponseDecodeError as ResponseDecodeError
from ._runtime.errors import ResponseValidationError as ResponseValidationError
from ._runtime.errors import SDKError
from ._runtime.errors import StreamDecodeError as StreamDecodeError
from ._runtime.errors import StreamError as StreamError
from ._runtime.errors import StreamServerError as StreamServerError
from ._runtime.errors import StreamTruncatedError as StreamTruncatedError

SirayError = SDKError
__all__ = [name for name in globals() if name.endswith("Error")]
