"""The console: pages for the people who run marketplaces.

It stands above all contexts, reads through their packages and keeps only its own people, sessions
and audit log. ``docs/console.md`` tells how it is used, ``docs/decisions/0008-console.md`` why it is
built so.
"""

from banyan.console.accounts import add_user, find_user, sign_in_link
from banyan.console.errors import EmailTaken, InvalidUser
from banyan.console.model import PERMISSIONS, USER, Permission, Role, User
from banyan.console.routes import console_routes

__all__ = [
    "PERMISSIONS",
    "USER",
    "EmailTaken",
    "InvalidUser",
    "Permission",
    "Role",
    "User",
    "add_user",
    "console_routes",
    "find_user",
    "sign_in_link",
]
