"""What the gateway decides without asking anyone."""

from banyan.gateway.rules.envoy import Json
from banyan.gateway.rules.matching import route_of
from banyan.gateway.rules.render import KINDS, Configuration, render, shape_of

__all__ = ["KINDS", "Configuration", "Json", "render", "route_of", "shape_of"]
