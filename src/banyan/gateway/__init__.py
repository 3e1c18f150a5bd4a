"""The gateway: Envoy in front of a legacy platform and its candidates, and what it reports.

Knows nothing of plans: it is told a ``GatewaySpec`` and tells what it saw.
"""
