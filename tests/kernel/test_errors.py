from banyan.kernel import BanyanError, Fault, Unavailable, Unprocessable


def test_a_refusal_is_its_sentence_and_its_faults() -> None:
    fault = Fault("too_late", "It is too late.", pointer="/ship_by")
    refusal = Unprocessable("It is too late; choose a later day.", faults=(fault,))
    assert str(refusal) == refusal.detail == "It is too late; choose a later day."
    assert refusal.faults == (fault,)
    assert not refusal.retryable


def test_only_what_passes_is_retryable() -> None:
    retryable = {kind.code for kind in BanyanError.__subclasses__() if kind.retryable}
    assert retryable == {"rate_limited", "unavailable"}
    assert Unavailable.retryable
