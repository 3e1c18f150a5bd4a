"""Buckets of latency."""

from hypothesis import given
from hypothesis import strategies as st

from banyan.gateway.rules.latency import bucket_of, bucket_us


@given(st.integers(100, 10**11))
def test_a_bucket_stands_for_what_is_in_it(duration_us: int) -> None:
    assert abs(bucket_us(bucket_of(duration_us)) / duration_us - 1) < 0.0101


@given(st.integers(-5, 10**9), st.integers(0, 10**9))
def test_longer_is_never_in_a_lower_bucket(duration_us: int, more_us: int) -> None:
    assert 0 <= bucket_of(duration_us) <= bucket_of(duration_us + more_us)
