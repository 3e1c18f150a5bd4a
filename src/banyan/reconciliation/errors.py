"""What reconciliation refuses."""

from banyan.kernel import Conflict, InvalidRequest, NotFound, Unprocessable


class MalformedReport(InvalidRequest):
    """The file can't be read as this format; the fault names the line or the element. Nothing of it
    was imported: correct it, or name its format, and send it again."""

    code = "malformed_report"
    title = "Malformed file"


class UnknownFormat(InvalidRequest):
    """Name one of the formats in docs/reconciliation.md."""

    code = "unknown_format"
    title = "No such format"


class StatementDiffers(Conflict):
    """A statement of this account and number was imported with other content. Ask the bank which of
    the two is right; a corrected statement has a number of its own."""

    code = "statement_differs"
    title = "Imported with other content"


class ImportNotFound(NotFound):
    """Check the id. Imports of another marketplace, or of the other mode, are not seen."""

    code = "import_not_found"
    title = "No such import"


class StatementNotFound(NotFound):
    """Check the id. Statements of another marketplace, or of the other mode, are not seen."""

    code = "statement_not_found"
    title = "No such statement"


class LineNotFound(NotFound):
    """Check the id. Lines of another marketplace, or of the other mode, are not seen."""

    code = "line_not_found"
    title = "No such line"


class MatchNotFound(NotFound):
    """Check the id. Matches of another marketplace, or of the other mode, are not seen."""

    code = "match_not_found"
    title = "No such match"


class LineNotOpen(Conflict):
    """A line of it belongs to a match already. Undo that match first, then match by hand."""

    code = "line_not_open"
    title = "Matched already"


class MatchNotActive(Conflict):
    """The match was undone before, for another reason."""

    code = "match_not_active"
    title = "Undone before"


class LinesDontMatch(Unprocessable):
    """Lines that are matched by hand lie on two sides that are compared (books and provider, or
    provider and bank), in one currency, and differ by no more than may be written off."""

    code = "lines_dont_match"
    title = "These lines can't be matched"
