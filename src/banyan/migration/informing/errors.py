"""Refusals of keeping teams informed."""

from banyan.kernel import NotFound, Unprocessable


class LinkNotFound(NotFound):
    """The link was mistyped or revoked: ask whoever gave it to you for a new one."""

    code = "status_link_not_found"
    title = "No such status page"


class NoticeNotFound(NotFound):
    """List the notices of the plan to see which there are."""

    code = "notice_not_found"
    title = "No such notice"


class TeamNotFound(NotFound):
    """Name a team of the plan, as it stands under ``teams``."""

    code = "team_not_found"
    title = "No such team"


class ItemNotFound(Unprocessable):
    """The document has changed, or has fewer boxes: reload it."""

    code = "checklist_item_not_found"
    title = "No such box"
