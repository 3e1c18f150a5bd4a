"""The demo of a migration: a legacy shop is taken over while its customers shop.

``banyan demo-migration`` starts the shops of ``examples`` (so it needs a checkout), puts the gateway
in front, lets customers in, and goes through every phase of ``examples/legacy_shop/migration.yaml``,
with two bad releases on the way. See docs/demo-migration.md.
"""

from banyan.demo.run import demo_migration

__all__ = ["demo_migration"]
