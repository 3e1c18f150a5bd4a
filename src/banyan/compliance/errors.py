"""Refusals of compliance.

A class's docstring is its entry on the page of problems: what to do about it.
"""

from banyan.kernel import Unprocessable


class CountryListedTwice(Unprocessable):
    """Take the country named in the answer off one of the lists: it is allowed and denied."""

    code = "country_listed_twice"
    title = "A country is allowed and denied"
