"""Shares and durations: texts in a plan, whole numbers inside."""

from decimal import Decimal

_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_WORDS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))


def basis_points(share: str) -> int:
    """Parts of ten thousand.

    >>> basis_points("0.25%")
    25
    """
    return int(Decimal(share.removesuffix("%")) * 100)


def milliseconds(duration: str) -> int:
    """How long, in milliseconds.

    >>> milliseconds("36h")
    129600000
    """
    number = duration.rstrip("dhms")
    return int(number) * _MS[duration[len(number) :]]


def percent(bp: int) -> str:
    """Basis points as people write them.

    >>> percent(25), percent(10_000)
    ('0.25 %', '100 %')
    """
    return f"{bp / 100:g} %"


def in_words(ms: int) -> str:
    """A duration in its two largest units.

    >>> in_words(129_600_000)
    '1 d 12 h'
    """
    parts: list[str] = []
    for word, size in _WORDS:
        if ms >= size and len(parts) < 2:
            count, ms = divmod(ms, size)
            parts.append(f"{count} {word}")
        elif parts:
            break
    return " ".join(parts) or "0 s"
