"""Exceptions. Each message says what is wrong, where, and what to do."""


class Error(Exception):
    """Any failure of oarlock; `code` is its kind: "invalid", "unsupported", ..."""

    code = "internal"


class InvalidError(Error, ValueError):
    """A wrong name, shape or type, or a malformed file."""

    code = "invalid"


class UnsupportedError(Error, NotImplementedError):
    """Understood, but not implemented."""

    code = "unsupported"


class UnavailableError(Error):
    """A device, library or plugin is not present."""

    code = "unavailable"


class OutOfMemoryError(Error, MemoryError):
    """Too little memory."""

    code = "out_of_memory"


class FileError(Error, OSError):
    """A file cannot be read or written."""

    code = "io"


class CancelledError(Error):
    """Somebody asked to stop."""

    code = "cancelled"


class InternalError(Error):
    """A bug in oarlock."""

    code = "internal"


_CLASSES = (InvalidError, UnsupportedError, UnavailableError, OutOfMemoryError, FileError,
            CancelledError, InternalError)


def make(code: str, message: str) -> Error:
    """The exception for a code, called by the native module."""
    code = code.replace(" ", "_")
    for each in _CLASSES:
        if each.code == code:
            return each(message)
    return Error(message)
