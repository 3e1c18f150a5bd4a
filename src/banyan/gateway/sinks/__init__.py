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
route       route metadata, ``banyan`` / ``route``: the plan's route     no route of the plan: ""
role        route metadata, ``banyan`` / ``role``: ``shadow``            a customer's request
arm         host metadata, ``banyan`` / ``arm``: legacy or candidate     by the cluster's name:
                                                                         ``legacy…`` or another
assigned    host metadata, ``banyan`` / ``assigned``                     the arm
customer    a request header with the identity                           0
==========  ===========================================================  =======================

Host metadata is ``metadata.filter_metadata.banyan`` of the ``lb_endpoint``. Legacy behind a candidate
(in a composite cluster) is a cluster of its own, whose endpoint says ``arm: legacy, assigned:
candidate``: so no header has to travel to a side to tell a fall-back from a customer of legacy's.

The capture filter is ``ext_proc`` in ``observability_mode`` with request and response headers sent
and the response body STREAMED; the header ``x-banyan-role`` is ``legacy`` or ``candidate`` on mirrored
requests and absent on the customer's; ``x-request-id`` is the same on all three. The route and the
arm that answered come as attributes (see ``capture``).
"""
