"""The servers that hear what Envoy reports: access logs, captured answers, and gaps in either.

    sinks = await Sinks.open("unix:/run/banyan/als.sock", "unix:/run/banyan/capture.sock")
    seen = sinks.take(await data_plane.written())     # every tick; never waits
    exchanges = sinks.take_exchanges(at_most=200)
    await sinks.close()

What they ask of Envoy's configuration
--------------------------------------
Both access logs (``HttpGrpcAccessLogConfig``; ``log_name`` ``attempt`` as the router's
``upstream_log`` without periodic flush, ``served`` as the connection manager's ``access_log``) carry
``custom_tags``:

==========  ===========================================================  =======================
tag         taken from                                                   when it is not there
==========  ===========================================================  =======================
route       route metadata: the plan's route                             no route of the plan: ""
role        route metadata: ``shadow``                                   a customer's request
arm         host metadata: ``legacy`` or ``candidate``                   by the cluster's name:
                                                                         ``legacy…`` or another
assigned    host metadata: ``legacy`` or ``candidate``                   the arm
customer    the request's ``:banyan-customer``, no header that is sent   0
id          the request's ``:banyan-id``, likewise                       ``x-request-id``
==========  ===========================================================  =======================

metadata in the namespace ``banyan``. Attempts of shadows have neither customer nor id. Legacy behind a candidate (in a composite cluster) is a cluster of its
own, whose endpoint says ``arm: legacy, assigned: candidate``: so no header has to travel to a side to
tell a fall-back from a customer of legacy's.

The capture filter is ``ext_proc`` in ``observability_mode`` with the heads of request and response,
the response's body STREAMED and its trailers (they tell the end of an answer that has some). The first
message comes with ``x-banyan-route``, ``x-banyan-role`` and ``x-banyan-body-bytes-max`` as gRPC
metadata; the request's header ``x-banyan-id`` is the same on the customer's request and its mirrors.
The attributes ``xds.upstream_host_metadata`` and ``response.code_details`` of the response tell the
arm that answered, and Envoy's own answers from a side's.
"""

from banyan.gateway.sinks.pairing import CaptureCounts, Pairs
from banyan.gateway.sinks.servers import Seen, Sinks

__all__ = ["CaptureCounts", "Pairs", "Seen", "Sinks"]
