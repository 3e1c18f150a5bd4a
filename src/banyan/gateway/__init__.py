"""The gateway: Envoy in front of a legacy platform and its candidates, and what it reports.

Knows nothing of plans: it is told a ``GatewaySpec`` and tells what it saw.
"""

from banyan.gateway.model import SAFE_METHODS, Attempt
from banyan.gateway.rules.latency import bucket_of, bucket_us

__all__ = ["SAFE_METHODS", "Attempt", "bucket_of", "bucket_us"]
