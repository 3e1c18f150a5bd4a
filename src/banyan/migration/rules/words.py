"""Numbers as people read them."""

from math import exp, inf, isinf


def percent(share: float) -> str:
    """A share with as many digits as it needs: 0.61 %, 12.3 %, 0.004 %."""
    value = 100 * share
    if abs(value) < 0.0005:
        return "0 %"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3
    return f"{value:.{digits}f} %"


def count(number: float) -> str:
    return f"{number:,.0f}"


def duration(us: float) -> str:
    """A duration in the unit that suits it: 480 µs, 12.3 ms, 4.1 s, 25 min, 3 h, 2 days."""
    if isinf(us):
        return "unbounded"
    if us < 1_000:
        return f"{us:.0f} µs"
    if us < 1_000_000:
        return f"{us / 1_000:.3g} ms" if us < 100_000 else f"{us / 1_000:.0f} ms"
    seconds = us / 1_000_000
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def change(ratio: float) -> str:
    """By how much a ratio lies above or below one: "+12 %", "-30 %"."""
    if ratio == inf:
        return "unbounded"
    return f"{100 * (ratio - 1):+.0f} %"


def odds_of_chance(log_e: float) -> str:
    """An e-value as odds that can be imagined: "1 in 4,000"."""
    if log_e <= 0:
        return "1 in 1"
    if log_e > 27:
        return "1 in a million millions"
    whole = int(exp(log_e))
    digits = 10 ** max(0, len(str(whole)) - 2)
    return f"1 in {whole // digits * digits:,}"
