"""The judge: evidence gathered window by window, and the verdict on it.

``begin`` when a route comes to a phase and step (``resumed`` where a process went on with it), ``windows_of`` for what the data plane reported,
``gather`` for each window, ``judge`` whenever an answer is wanted. Nothing here reads a clock or does
input or output: the same windows give the same verdict.
"""

from banyan.migration.rules.judge.evidence import Evidence
from banyan.migration.rules.judge.gathering import begin, gather
from banyan.migration.rules.judge.resuming import resumed, set_back
from banyan.migration.rules.judge.verdict import judge
from banyan.migration.rules.judge.windows import windows_of

__all__ = ["Evidence", "begin", "gather", "judge", "resumed", "set_back", "windows_of"]
