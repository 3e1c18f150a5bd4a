"""Templates into HTML. A name that a template misspells is an error, never an empty text."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from banyan.console.assets import asset_href
from banyan.console.commands import (
    case_command,
    close_command,
    import_command,
    offer_command,
    order_command,
    plan_command,
    rehearse_command,
    seller_command,
)
from banyan.console.look import FILTERS, distance
from banyan.console.views.frame import Frame


def page_html(template: str, frame: Frame, view: object) -> str:
    """A page inside the shell, such as ``orders/list.html``."""
    return _environment().get_template(template).render(frame=frame, view=view)


def plain_html(template: str, view: object, theme: str = "auto") -> str:
    """A page without the shell: the sign-in, a refusal."""
    return _environment().get_template(template).render(view=view, theme=theme)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = dict(FILTERS)
    functions: dict[str, Any] = {
        "asset": asset_href,
        "case_command": case_command,
        "close_command": close_command,
        "distance": distance,
        "import_command": import_command,
        "offer_command": offer_command,
        "order_command": order_command,
        "plan_command": plan_command,
        "rehearse_command": rehearse_command,
        "seller_command": seller_command,
    }
    environment.filters.update(filters)
    environment.globals.update(functions)
    return environment
