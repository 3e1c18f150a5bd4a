import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.runtime.http import Rate
from banyan.runtime.http.errors import RateExceeded
from banyan.runtime.http.rates import RateLimiter

SECOND = 1_000_000_000


def take(limiter: RateLimiter[str], at_ns: int, key: str = "a") -> bool:
    try:
        limiter.take(key, [], at_ns)
    except RateExceeded:
        return False
    return True


def test_a_quota_may_come_at_once_and_then_trickles() -> None:
    limiter = RateLimiter[str]("default", Rate(quota=60, window_s=60))
    assert sum(take(limiter, 0) for _ in range(100)) == 60
    assert sum(take(limiter, 10 * SECOND) for _ in range(100)) == 10
    assert take(limiter, 0, "another key")


def test_headers_tell_what_is_left_and_when_to_come_back() -> None:
    limiter = RateLimiter[str]("default", Rate(quota=2, window_s=60))
    headers: list[tuple[bytes, bytes]] = []
    limiter.take("a", headers, 0)
    assert headers == [
        (b"ratelimit-policy", b'"default";q=2;w=60'),
        (b"ratelimit", b'"default";r=1;t=30'),
    ]
    limiter.take("a", [], 0)
    with pytest.raises(RateExceeded) as refused:
        limiter.take("a", headers, 0)
    assert refused.value.retry_after_s == 30
    assert take(limiter, 30 * SECOND)


@given(st.integers(1, 50), st.lists(st.integers(0, 10 * SECOND), max_size=200))
def test_no_window_lets_twice_the_quota_through(quota: int, gaps_ns: list[int]) -> None:
    limiter = RateLimiter[str]("default", Rate(quota=quota, window_s=10))
    now, taken = 0, list[int]()
    for gap_ns in gaps_ns:
        now += gap_ns
        if take(limiter, now):
            taken.append(now)
    for at in taken:
        assert sum(at <= other < at + 10 * SECOND for other in taken) <= 2 * quota


def test_idle_keys_are_forgotten() -> None:
    limiter = RateLimiter[int]("default", Rate(quota=10, window_s=1))
    for key in range(20_000):
        limiter.take(key, [], key * SECOND)
    assert len(limiter._full_at_ns) <= 10_000
