"""What the control plane needs of others, so that each can be had in another way."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TypeAlias
from uuid import UUID

from banyan.gateway import Applied, DataPlaneStatus, GatewaySpec, Written
from banyan.migration.model.plan import Plan, RoutePlan
from banyan.migration.service.data import missing_data, unreturned, why_no_return
from banyan.migration.service.rehearsals import rehearsal_missing
from banyan.runtime import Transaction


class Plane(Protocol):
    """A data plane, as ``gateway.DataPlane`` is one; leaving it doesn't end it."""

    async def __aenter__(self) -> object: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
    async def start(self, spec: GatewaySpec) -> object: ...
    async def apply(self, spec: GatewaySpec) -> Applied: ...
    async def keep(self) -> None:
        """Have the data plane started again when it ends, also after what does that was killed."""
        ...

    async def status(self) -> DataPlaneStatus: ...
    async def written(self) -> Written | None: ...
    async def ejected(self) -> frozenset[str] | None:
        """Routes whose candidate is out of rotation for its failures; None: it can't be asked."""
        ...


DataGate: TypeAlias = Callable[[Transaction, UUID, Sequence[str]], Awaitable[Mapping[str, str]]]
"""Which of these data sets aren't verified, with why."""

ReturnGate: TypeAlias = Callable[[Transaction, UUID, Sequence[str]], Awaitable[str]]
"""Why legacy would lack what was written to these sets since the cutover; empty: it has it, or will have
it soon. Or what it lacks still of what was written before they were given back."""

RehearsalGate: TypeAlias = Callable[[Transaction, UUID, Plan, RoutePlan], Awaitable[str]]
"""What is wrong with the rehearsal of a route; empty: it stands."""


@dataclass(frozen=True, slots=True)
class Gates:
    """Who is asked about what isn't measured."""

    data: DataGate = missing_data
    can_return: ReturnGate = why_no_return
    unreturned: ReturnGate = unreturned
    rehearsal: RehearsalGate = rehearsal_missing
