"""The verdict: what the gates come to, in a sentence."""

from banyan.migration.model.plan import Phase
from banyan.migration.model.verdict import Gate, GateName, Situation, Verdict
from banyan.migration.rules.judge.conditions import (
    agreed_gates,
    ejection_gate,
    reports_gate,
    time_gate,
    traffic_gates,
)
from banyan.migration.rules.judge.evidence import Evidence
from banyan.migration.rules.judge.measured import divergence_gate, errors_gate
from banyan.migration.rules.judge.speed import fall_back_gate, latency_gate

SERVING = frozenset({Phase.CANARY, Phase.RAMP, Phase.CANDIDATE})
"""Phases in which customers are at the candidate, so that there is something to go back from."""

MEASURED: tuple[GateName, ...] = ("errors", "latency", "divergence")
WAITS_SHOWN_MAX = 3


def judge(evidence: Evidence, situation: Situation) -> Verdict:
    """Whether a route goes on, waits or goes back.

    One gate that fails sends a route back, whatever else it waits for (a person, a freeze window,
    data): those only keep it from going on. In shadow nobody is at the candidate, so it waits there.
    Anything missing waits: no traffic, no comparison, no timing, a gap, an old report.
    """
    gates = _gates(evidence, situation)
    failed = [gate for gate in gates if gate.state == "fail"]
    waiting = [gate for gate in gates if gate.state == "wait"]
    if failed and situation.phase in SERVING:
        # Whom legacy overtakes counts as failed: where legacy itself is slow, that is said as well.
        hasty = [gate for gate in waiting if gate.name == "fall_back"]
        why = " ".join(gate.sentence for gate in [*failed, *hasty])
        sentence = f"Back to legacy. {why} Mend the candidate, then release the route."
        return Verdict(kind="rollback", sentence=sentence, gates=gates)
    if failed:
        why = " ".join(gate.sentence for gate in failed)
        sentence = f"Stays in {situation.phase}. {why} Mend the candidate, or accept what differs."
        return Verdict(kind="hold", sentence=sentence, gates=gates)
    if waiting:
        return Verdict(kind="hold", sentence=f"Waits. {_shown(waiting)}", gates=gates)
    passed = [gate.sentence for gate in gates if gate.name in MEASURED]
    goal = f" for {situation.next_step}" if situation.next_step else " to go on"
    sentence = " ".join([f"Ready{goal}.", *passed])
    return Verdict(kind="advance", sentence=sentence, gates=gates)


def _gates(evidence: Evidence, situation: Situation) -> tuple[Gate, ...]:
    if situation.phase is Phase.LEGACY or not situation.is_candidate_asked:
        return (time_gate(situation, situation.entered_at_us), *agreed_gates(situation))
    bounds = situation.bounds
    return (
        reports_gate(evidence, situation),
        ejection_gate(evidence),
        errors_gate(evidence, bounds),
        latency_gate(evidence, bounds),
        fall_back_gate(evidence, bounds),
        divergence_gate(evidence, bounds),
        *traffic_gates(evidence, situation),
        *agreed_gates(situation),
    )


def _shown(waiting: list[Gate]) -> str:
    shown = " ".join(gate.sentence for gate in waiting[:WAITS_SHOWN_MAX])
    more = len(waiting) - WAITS_SHOWN_MAX
    return shown if more <= 0 else f"{shown} And {more} more."
