"""Rehearsals: a plan led by the real control plane in a place of its own, with faults put in.

evidence = await rehearse(Wanted(source=…, legacy=…, candidates=…, by=…), say=print)
"""

from banyan.migration.rehearsal.holding import CUSTOMERS, Wanted, rehearse

__all__ = ["CUSTOMERS", "Wanted", "rehearse"]
