"""What the gateway decides without asking anyone."""

from banyan.gateway.rules.matching import route_of
from banyan.gateway.rules.render import KINDS, Configuration, render

__all__ = ["KINDS", "Configuration", "render", "route_of"]
