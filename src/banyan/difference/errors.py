"""What difference refuses."""

from banyan.kernel import InvalidRequest


class InvalidRule(InvalidRequest):
    """A rule of noise or masking can't be used; the sentence says which part and what to write
    instead."""

    code = "invalid_comparison_rule"
    title = "Not a usable rule"
