"""Bodies as they were before they were compressed, so that two sides' bodies compare."""

import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any


class NotDecodable(Exception):
    """The body is in a coding that nothing here can undo, or isn't what it says."""


def decode(body: bytes, encoding: str, *, bytes_max: int, is_cut: bool) -> tuple[bytes, bool]:
    """The plain body, at most ``bytes_max`` of it, and whether anything of it is missing.

    ``encoding`` is the value of ``Content-Encoding``; several codings are undone from the last to
    the first. Brotli and zstd are read when their packages are installed. Raises ``NotDecodable``.
    """
    for coding in reversed([name.strip().lower() for name in encoding.split(",") if name.strip()]):
        if coding == "identity" or not body:
            continue
        undo = _CODINGS.get(coding)
        if undo is None:
            raise NotDecodable(coding)
        try:
            body, is_whole = undo(body, bytes_max)
        except NotDecodable:
            raise
        except Exception as error:
            # Decoders raise types of their own, and what they are given came from outside.
            raise NotDecodable(coding) from error
        is_cut = is_cut or not is_whole
    return body, is_cut


def _gzip(body: bytes, bytes_max: int) -> tuple[bytes, bool]:
    return _inflate(zlib.decompressobj(zlib.MAX_WBITS | 16), body, bytes_max)


def _deflate(body: bytes, bytes_max: int) -> tuple[bytes, bool]:
    try:
        return _inflate(zlib.decompressobj(), body, bytes_max)
    except zlib.error:
        # Many servers send the bare stream without zlib's head.
        return _inflate(zlib.decompressobj(-zlib.MAX_WBITS), body, bytes_max)


def _inflate(inflater: Any, body: bytes, bytes_max: int) -> tuple[bytes, bool]:
    plain: bytes = inflater.decompress(body, bytes_max)
    return plain, bool(inflater.eof)


def _brotli(body: bytes, bytes_max: int) -> tuple[bytes, bool]:
    decoder = _package("brotli").Decompressor()
    plain: bytes = decoder.process(body)
    return plain[:bytes_max], bool(decoder.is_finished()) and len(plain) <= bytes_max


def _zstd(body: bytes, bytes_max: int) -> tuple[bytes, bool]:
    decoder = _package("zstandard").ZstdDecompressor().decompressobj()
    plain: bytes = decoder.decompress(body)
    return plain[:bytes_max], bool(decoder.eof) and len(plain) <= bytes_max


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise NotDecodable(name) from error


_CODINGS: dict[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
