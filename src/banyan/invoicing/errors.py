"""What invoicing refuses."""

from banyan.kernel import Conflict, InvalidRequest, NotFound, Unprocessable


class InvoiceNotFound(NotFound):
    """There is no invoice or credit note of this id in this marketplace."""

    code = "invoice_not_found"
    title = "No such invoice"


class LegalEntityMissing(Conflict):
    """Say first who issues the invoices: PUT /v1/legal_entity."""

    code = "legal_entity_missing"
    title = "No legal entity yet"


class PrefixTaken(Conflict):
    """Another legal entity has issued under this prefix. Numbers are unique; take another one."""

    code = "prefix_taken"
    title = "Prefix taken"


class PrefixInUse(Conflict):
    """Invoices have been issued under the prefix, and a series goes on under one. It stays."""

    code = "prefix_in_use"
    title = "Prefix in use"


class InvalidLegalEntity(Unprocessable):
    """Something about the legal entity can't be: its country, time zone or language."""

    code = "invalid_legal_entity"
    title = "Legal entity invalid"


class InvalidMonth(InvalidRequest):
    """A month is written 2018-03, and can be billed once it is over."""

    code = "invalid_fiscal_month"
    title = "Invalid month"


class InvalidChart(Unprocessable):
    """A pattern of the chart of accounts is no account path with stars for parts of it."""

    code = "invalid_chart"
    title = "Chart of accounts invalid"


class DocumentAltered(Conflict):
    """What is stored is not what was issued: its hash differs. Ask for an investigation."""

    code = "document_altered"
    title = "Document altered"


class JournalUnbalanced(Conflict):
    """The journal doesn't lead from the opening to the closing balances. Verify the ledger."""

    code = "journal_unbalanced"
    title = "Journal not balanced"
