"""Plans for tests."""

from typing import Any

import yaml

PLAN: dict[str, Any] = {
    "plan": "shop",
    "title": "The shop",
    "legacy": "http://127.0.0.1:8001",
    "candidates": {"candidate": "http://127.0.0.1:8002"},
    "gateway": {"listen": "127.0.0.1:8080"},
    "teams": {"web": {"title": "Web"}, "search": {"title": "Search"}},
    "routes": [
        {
            "name": "catalogue",
            "path": "/product/{id}",
            "methods": ["GET"],
            "owner": "web",
            "dependents": ["search"],
        },
        {"name": "rest", "prefix": "/", "owner": "web"},
    ],
}


def plan_text(**changes: Any) -> str:
    """The plan with some of its keys replaced, as YAML."""
    return yaml.safe_dump({**PLAN, **changes}, sort_keys=False)


def route(**changes: Any) -> dict[str, Any]:
    """The route ``catalogue`` with some of its keys replaced; None leaves one out."""
    made = {**PLAN["routes"][0], **changes}
    return {key: value for key, value in made.items() if value is not None}
