"""Standard rates of tax on services, by country, dated: what a platform at home pays on its fees.

Sources: the statutes in force, as published by the tax authorities (for the European Union, the
Commission's "VAT rates applied in the Member States" and Taxes in Europe Database). Rates are those
of the country as a whole: a province's or city's own tax (Canada's HST and PST, Brazil's ISS between
2 and 5 %) must be set in the payment settings. A test holds the European rates against two
collections that others keep. Rates are in hundredths of a percent.
"""

from datetime import date
from typing import NamedTuple


class CountryTax(NamedTuple):
    """A country's tax: its jurisdiction, its name for people, and the rate from each day on."""

    jurisdiction: str
    name: str
    rates: tuple[tuple[date, int], ...]


def _tax(country: str, code: str, *rates: tuple[str, int], name: str = "") -> CountryTax:
    dated = tuple((date.fromisoformat(day), rate_bp) for day, rate_bp in rates)
    return CountryTax(f"{country}-{code}", name or code, dated)


EU = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
     "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK")
)  # fmt: skip
"""The member states of the European Union since 2020-02-01 (GB was one until then)."""

GB_LEFT_EU_ON = date(2021, 1, 1)
"""The end of the transition: until then the United Kingdom was in the VAT area of the Union."""

TAXES = {
    "AE": _tax("AE", "VAT", ("2018-01-01", 500)),
    "AR": _tax("AR", "IVA", ("1995-04-01", 2100)),
    "AT": _tax("AT", "VAT", ("1984-01-01", 2000)),
    "AU": _tax("AU", "GST", ("2000-07-01", 1000)),
    "BE": _tax("BE", "VAT", ("1996-01-01", 2100)),
    "BG": _tax("BG", "VAT", ("1999-01-01", 2000)),
    "BR": _tax("BR", "ISS", ("2003-08-01", 500)),
    "CA": _tax("CA", "GST", ("2008-01-01", 500)),
    "CH": _tax("CH", "VAT", ("2011-01-01", 800), ("2018-01-01", 770), ("2024-01-01", 810)),
    "CL": _tax("CL", "IVA", ("2003-10-01", 1900)),
    "CO": _tax("CO", "IVA", ("2001-01-01", 1600), ("2017-01-01", 1900)),
    "CY": _tax("CY", "VAT", ("2013-01-14", 1800), ("2014-01-13", 1900)),
    "CZ": _tax("CZ", "VAT", ("2013-01-01", 2100)),
    "DE": _tax(
        "DE", "VAT", ("2007-01-01", 1900), ("2020-07-01", 1600), ("2021-01-01", 1900)
    ),
    "DK": _tax("DK", "VAT", ("1992-01-01", 2500)),
    "EE": _tax("EE", "VAT", ("2009-07-01", 2000), ("2024-01-01", 2200), ("2025-07-01", 2400)),
    "ES": _tax("ES", "VAT", ("2012-09-01", 2100)),
    "FI": _tax("FI", "VAT", ("2013-01-01", 2400), ("2024-09-01", 2550)),
    "FR": _tax("FR", "VAT", ("2000-04-01", 1960), ("2014-01-01", 2000)),
    "GB": _tax("GB", "VAT", ("2011-01-04", 2000)),
    "GR": _tax("GR", "VAT", ("2010-07-01", 2300), ("2016-06-01", 2400)),
    "HR": _tax("HR", "VAT", ("2012-03-01", 2500)),
    "HU": _tax("HU", "VAT", ("2012-01-01", 2700)),
    "ID": _tax("ID", "VAT", ("1985-04-01", 1000), ("2022-04-01", 1100)),
    "IE": _tax(
        "IE", "VAT", ("2012-01-01", 2300), ("2020-09-01", 2100), ("2021-03-01", 2300)
    ),
    "IL": _tax("IL", "VAT", ("2015-10-01", 1700), ("2025-01-01", 1800)),
    "IN": _tax("IN", "GST", ("2017-07-01", 1800)),
    "IS": _tax("IS", "VAT", ("2010-01-01", 2550), ("2015-01-01", 2400)),
    "IT": _tax("IT", "VAT", ("2013-10-01", 2200)),
    "JP": _tax("JP", "CT", ("1997-04-01", 500), ("2014-04-01", 800), ("2019-10-01", 1000), name="consumption tax"),
    "KR": _tax("KR", "VAT", ("1977-07-01", 1000)),
    "LT": _tax("LT", "VAT", ("2009-09-01", 2100)),
    "LU": _tax(
        "LU", "VAT", ("1992-01-01", 1500), ("2015-01-01", 1700), ("2023-01-01", 1600), ("2024-01-01", 1700)
    ),
    "LV": _tax("LV", "VAT", ("2012-07-01", 2100)),
    "MT": _tax("MT", "VAT", ("2004-01-01", 1800)),
    "MX": _tax("MX", "IVA", ("2010-01-01", 1600)),
    "MY": _tax("MY", "SST", ("2018-09-01", 600), ("2024-03-01", 800), name="service tax"),
    "NL": _tax("NL", "VAT", ("2012-10-01", 2100)),
    "NO": _tax("NO", "VAT", ("2005-01-01", 2500)),
    "NZ": _tax("NZ", "GST", ("2010-10-01", 1500)),
    "PE": _tax("PE", "IGV", ("2011-03-01", 1800)),
    "PH": _tax("PH", "VAT", ("2006-02-01", 1200)),
    "PL": _tax("PL", "VAT", ("2011-01-01", 2300)),
    "PT": _tax("PT", "VAT", ("2011-01-01", 2300)),
    "RO": _tax(
        "RO", "VAT", ("2010-07-01", 2400), ("2016-01-01", 2000), ("2017-01-01", 1900),
        ("2025-08-01", 2100),
    ),
    "SA": _tax("SA", "VAT", ("2018-01-01", 500), ("2020-07-01", 1500)),
    "SE": _tax("SE", "VAT", ("1990-07-01", 2500)),
    "SG": _tax("SG", "GST", ("2007-07-01", 700), ("2023-01-01", 800), ("2024-01-01", 900)),
    "SI": _tax("SI", "VAT", ("2013-07-01", 2200)),
    "SK": _tax("SK", "VAT", ("2011-01-01", 2000), ("2025-01-01", 2300)),
    "TH": _tax("TH", "VAT", ("1999-04-01", 700)),
    "TR": _tax("TR", "VAT", ("2001-05-15", 1800), ("2023-07-10", 2000)),
    "TW": _tax("TW", "VAT", ("1986-04-01", 500)),
    "UY": _tax("UY", "IVA", ("2007-07-01", 2200)),
    "ZA": _tax("ZA", "VAT", ("1993-04-07", 1400), ("2018-04-01", 1500)),
}  # fmt: skip
