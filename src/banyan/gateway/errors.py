"""Why a gateway can't be run as it was asked.

::

    Unprocessable
    └── GatewayError
        ├── GatewayUnusable       the data plane can't run here: port, folder, binary
        └── ConfigurationRefused  Envoy doesn't take what the spec makes; what it had stays in use
"""

from banyan.kernel import Unprocessable


class GatewayError(Unprocessable):
    """The gateway can't do that: the sentence says what to mend."""

    code = "gateway_failed"
    title = "The gateway can't do that"


class GatewayUnusable(GatewayError):
    """The data plane can't run on this machine: mend what the sentence names, then start again."""

    code = "gateway_unusable"
    title = "The gateway can't run here"


class ConfigurationRefused(GatewayError):
    """Envoy refused the configuration and goes on with the one before: mend the route it names."""

    code = "gateway_configuration_refused"
    title = "Configuration refused"
