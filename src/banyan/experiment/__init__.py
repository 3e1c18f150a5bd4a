"""Scientist for code: run the legacy function and its candidate, compare, report.

    reporter = Reporter("https://banyan.example", "bk_live_…", plan="mpl_…")
    basket_total = Experiment("basket_total", reporter, sample_bp=1_000, deadline_s=0.2)

    @basket_total.beside(new_total)
    def total(basket): …                          # async functions alike

    value = basket_total.run(lambda: total(b), lambda: new_total(b), sticky=user_id)

    with basket_total.trial(sticky=user_id) as trial:
        trial.control(total, b)
        trial.candidate(new_total, b)
    value = trial.result

Made to be imported by an application that isn't ours: it opens no database and loads no driver of one.
"""

from banyan.difference import IgnoreRule, InvalidRule, MaskingRule
from banyan.experiment.experiment import Experiment
from banyan.experiment.reporter import Figures, Reporter
from banyan.experiment.trial import AsyncTrial, Trial

__all__ = [
    "AsyncTrial",
    "Experiment",
    "Figures",
    "IgnoreRule",
    "InvalidRule",
    "MaskingRule",
    "Reporter",
    "Trial",
]
