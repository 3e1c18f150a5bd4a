"""What stands on documents, in the language of the legal entity."""

from dataclasses import dataclass

from banyan.invoicing.model import InvoiceKind, Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The labels of a document. ``{}`` is where a number, a date or a country goes."""

    invoice: str
    credit_note: str
    number: str
    issued_on: str
    period: str
    refers_to: str
    issuer: str
    recipient: str
    tax_id: str
    tax: str
    rate: str
    net: str
    gross: str
    total: str
    total_given_back: str
    lines: str
    date: str
    order: str
    what: str
    settled: str
    given_back: str
    reverse_charge: str
    export: str
    untaxed: str
    missing: str
    commission: str
    commission_given_back: str
    commission_again: str
    other: str
    names: dict[str, str]


_EN = Words(
    invoice="Invoice",
    credit_note="Credit note",
    number="Number",
    issued_on="Issued on",
    period="Period",
    refers_to="Refers to invoice {} of {}",
    issuer="From",
    recipient="To",
    tax_id="Tax id",
    tax="Tax",
    rate="Rate",
    net="Net",
    gross="Gross",
    total="Total",
    total_given_back="Total given back",
    lines="Bookings: {}. The list of them belongs to this document.",
    date="Date",
    order="Order",
    what="What",
    settled="The amount was taken from your sales as they were paid. Nothing is left to pay.",
    given_back="The amount was given back to your balance. Nothing is left to do.",
    reverse_charge="Reverse charge: the recipient accounts for the tax "
    "(articles 44 and 196 of Directive 2006/112/EC).",
    export="A service to a recipient abroad: no tax is charged.",
    untaxed="No tax is charged.",
    missing="Not known when this was issued: {}.",
    commission="Commission",
    commission_given_back="Commission given back",
    commission_again="Commission due again",
    other="Fee",
    names={"name": "name", "address": "address", "city": "city", "tax_id": "tax id"},
)

_DE = Words(
    invoice="Rechnung",
    credit_note="Rechnungskorrektur",
    number="Nummer",
    issued_on="Ausgestellt am",
    period="Leistungszeitraum",
    refers_to="Zur Rechnung {} vom {}",
    issuer="Von",
    recipient="An",
    tax_id="Steuernummer",
    tax="Steuer",
    rate="Satz",
    net="Netto",
    gross="Brutto",
    total="Summe",
    total_given_back="Erstattete Summe",
    lines="Buchungen: {}. Ihre Liste gehört zu diesem Beleg.",
    date="Datum",
    order="Bestellung",
    what="Leistung",
    settled="Der Betrag wurde bei der Zahlung Ihrer Verkäufe einbehalten. Es ist nichts zu zahlen.",
    given_back="Der Betrag wurde Ihrem Guthaben erstattet. Es ist nichts zu tun.",
    reverse_charge="Steuerschuldnerschaft des Leistungsempfängers "
    "(Artikel 44 und 196 der Richtlinie 2006/112/EG).",
    export="Leistung an einen Empfänger im Ausland: ohne Steuer.",
    untaxed="Ohne Steuer.",
    missing="Bei Ausstellung nicht bekannt: {}.",
    commission="Provision",
    commission_given_back="Erstattete Provision",
    commission_again="Erneut fällige Provision",
    other="Gebühr",
    names={"name": "Name", "address": "Anschrift", "city": "Ort", "tax_id": "Steuernummer"},
)

_FR = Words(
    invoice="Facture",
    credit_note="Avoir",
    number="Numéro",
    issued_on="Émis le",
    period="Période",
    refers_to="Relatif à la facture {} du {}",
    issuer="De",
    recipient="À",
    tax_id="Numéro fiscal",
    tax="Taxe",
    rate="Taux",
    net="HT",
    gross="TTC",
    total="Total",
    total_given_back="Total remboursé",
    lines="Écritures : {}. Leur liste fait partie de ce document.",
    date="Date",
    order="Commande",
    what="Objet",
    settled="Le montant a été retenu lors du paiement de vos ventes. Il ne reste rien à payer.",
    given_back="Le montant a été rendu à votre solde. Il ne reste rien à faire.",
    reverse_charge="Autoliquidation par le preneur (articles 44 et 196 de la directive 2006/112/CE).",
    export="Service à un preneur établi hors du pays : sans taxe.",
    untaxed="Sans taxe.",
    missing="Inconnu à la date d'émission : {}.",
    commission="Commission",
    commission_given_back="Commission remboursée",
    commission_again="Commission due à nouveau",
    other="Frais",
    names={"name": "nom", "address": "adresse", "city": "ville", "tax_id": "numéro fiscal"},
)

_ES = Words(
    invoice="Factura",
    credit_note="Factura rectificativa",
    number="Número",
    issued_on="Emitida el",
    period="Período",
    refers_to="Relativa a la factura {} del {}",
    issuer="De",
    recipient="A",
    tax_id="Identificación fiscal",
    tax="Impuesto",
    rate="Tipo",
    net="Base",
    gross="Importe",
    total="Total",
    total_given_back="Total devuelto",
    lines="Movimientos: {}. Su lista forma parte de este documento.",
    date="Fecha",
    order="Pedido",
    what="Concepto",
    settled="El importe se retuvo al cobrar sus ventas. No queda nada por pagar.",
    given_back="El importe se devolvió a su saldo. No queda nada por hacer.",
    reverse_charge="Inversión del sujeto pasivo (artículos 44 y 196 de la Directiva 2006/112/CE).",
    export="Servicio a un destinatario en el extranjero: sin impuesto.",
    untaxed="Sin impuesto.",
    missing="Desconocido al emitirse: {}.",
    commission="Comisión",
    commission_given_back="Comisión devuelta",
    commission_again="Comisión debida de nuevo",
    other="Cargo",
    names={
        "name": "nombre",
        "address": "dirección",
        "city": "ciudad",
        "tax_id": "identificación fiscal",
    },
)

_PT = Words(
    invoice="Fatura",
    credit_note="Nota de crédito",
    number="Número",
    issued_on="Emitida em",
    period="Período",
    refers_to="Referente à fatura {} de {}",
    issuer="De",
    recipient="Para",
    tax_id="Identificação fiscal",
    tax="Imposto",
    rate="Taxa",
    net="Líquido",
    gross="Bruto",
    total="Total",
    total_given_back="Total devolvido",
    lines="Lançamentos: {}. A lista deles faz parte deste documento.",
    date="Data",
    order="Pedido",
    what="Descrição",
    settled="O valor foi retido no pagamento das suas vendas. Nada resta a pagar.",
    given_back="O valor foi devolvido ao seu saldo. Nada resta a fazer.",
    reverse_charge="Autoliquidação pelo destinatário (artigos 44 e 196 da Diretiva 2006/112/CE).",
    export="Serviço a um destinatário no exterior: sem imposto.",
    untaxed="Sem imposto.",
    missing="Desconhecido na emissão: {}.",
    commission="Comissão",
    commission_given_back="Comissão devolvida",
    commission_again="Comissão devida novamente",
    other="Taxa",
    names={
        "name": "nome",
        "address": "endereço",
        "city": "cidade",
        "tax_id": "identificação fiscal",
    },
)

_WORDS: dict[Language, Words] = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES, "pt": _PT}

REVERSE_CHARGE = "-REVERSE"
"""How the jurisdiction ends where the seller accounts for the tax."""
EXPORT = "-EXPORT"
"""How it ends where the seller is in a country that taxes it, or doesn't, by itself."""


def words_in(language: Language) -> Words:
    return _WORDS[language]


def title_of(words: Words, kind: InvoiceKind) -> str:
    return words.invoice if kind == "invoice" else words.credit_note


def note_on(words: Words, jurisdiction: str, rate_bp: int) -> str:
    """Why no tax is charged; empty where some is."""
    if rate_bp:
        return ""
    if jurisdiction.endswith(REVERSE_CHARGE):
        return words.reverse_charge
    return words.export if jurisdiction.endswith(EXPORT) else words.untaxed


def wording_of(words: Words, kind: InvoiceKind, code: str, minor: int) -> str:
    """What a line is for: the code of its booking in words."""
    if "commission" not in code and not code.endswith("_tax"):
        return f"{words.other}: {code}"
    if code in _FIRST_TAKEN:
        return words.commission
    is_given_back = kind == "credit_note" or minor < 0
    return words.commission_given_back if is_given_back else words.commission_again


_FIRST_TAKEN = ("commission", "commission_tax")
