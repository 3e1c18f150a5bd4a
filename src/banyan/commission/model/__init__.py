"""The records of commission: rules, tiers, what is to be priced, and what came of it."""
