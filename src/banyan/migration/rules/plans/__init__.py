"""Plans as files: read with every fault at once, checked against themselves, compared."""

from banyan.migration.rules.plans.checks import check_plan
from banyan.migration.rules.plans.diff import diff_of
from banyan.migration.rules.plans.reading import ReadPlan, read_plan
from banyan.migration.rules.plans.schema import plan_schema

__all__ = ["ReadPlan", "check_plan", "diff_of", "plan_schema", "read_plan"]
