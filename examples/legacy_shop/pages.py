"""The shop's HTML, glued together as it was in 2011."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any
from urllib.parse import quote_plus

Row = dict[str, Any]


def money(value: float) -> str:
    """``R$ 1.299,00``, rounded as binary floats are."""
    return "R$ " + f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def instalment(price: float) -> str:
    return f"or 4x of {money(round(price / 4, 2))} without interest"


def head(title: str, *, user: Row | None, cart: int, flash: str, categories: list[Row]) -> str:
    who = (
        f'<a id="account" href="/account">Hello, {escape(user["name"])}</a>'
        if user
        else '<a id="login" href="/login">Log in</a>'
    )
    message = f'<p class="flash">{escape(flash)}</p>\n' if flash else ""
    links = "".join(
        f'  <li><a href="/c/{escape(row["slug"])}">{escape(row["title"])}</a></li>\n'
        for row in categories
    )
    return (
        f"<!DOCTYPE html>\n<html><head><title>{escape(title)} - Loja Boa</title>   \n"
        f'<link rel="stylesheet" href="/static/shop.css"></head>\n<body>\n'
        f'<div id="top"><a href="/">Loja Boa</a> {who} <a id="cart" href="/cart">Cart ({cart})</a>\n'
        f'<form action="/search"><input name="q"><input type="submit" value="Search"></form></div>\n'
        f"<ul id=nav>\n{links}</ul>\n{message}<h1>{escape(title)}</h1>\n"
    )


def foot(at: str) -> str:
    return f'<div id="foot">Loja Boa, since 2009. Generated at {at} </div>\n</body></html>\n'


def product_line(row: Row) -> str:
    stars = f"{row['stars']:.1f} of 5" if row["stars"] is not None else "no reviews"
    return (
        f'<div class="product"><a href="/p/{row["sku"]}">{escape(row["name"])}</a> '
        f'<b class="price">{money(row["price"])}</b> <i>{instalment(row["price"])}</i> '
        f"<span>sold by {escape(row['seller'])}, {stars}</span></div>  \n"
    )


def listing(
    rows: Iterable[Row], path: str, page: int, pages: int, query: str = ""
) -> Iterator[str]:
    for row in rows:
        yield product_line(row)
    ask = f"q={quote_plus(query)}&amp;" if query else ""
    links = " ".join(
        f"<b>{number}</b>"
        if number == page
        else f'<a href="{path}?{ask}page={number}">{number}</a>'
        for number in range(1, pages + 1)
    )
    yield f'<p class="pages">{links}</p>\n'


def hidden(token: str) -> str:
    return f'<input type="hidden" name="csrf" value="{token}">'


def product(row: Row, reviews: list[Row], token: str, *, may_review: bool) -> str:
    told = "".join(
        f"<li>{'*' * review['score']} {escape(review['body'])}"
        f" ({escape(review['name'])}, {review['created_at']})</li>\n"
        for review in reviews
    )
    form = (
        f'<form method="post" action="/p/{row["sku"]}/reviews">{hidden(token)}'
        '<select name="score"><option>5<option>4<option>3<option>2<option>1</select>'
        '<textarea name="body"></textarea><input type="submit" value="Review"></form>\n'
        if may_review
        else ""
    )
    return (
        f'<p class="about">{escape(row["description"])}</p>\n'
        f'<p><b class="price">{money(row["price"])}</b> <i>{instalment(row["price"])}</i></p>\n'
        f"<p>Sold by {escape(row['seller'])} ({escape(row['city'])}, {row['state']}), "
        f"on sale since {row['created_at']}</p>\n"
        f'<form method="post" action="/cart/add">{hidden(token)}'
        f'<input type="hidden" name="sku" value="{row["sku"]}"><input name="quantity" value="1">'
        f'<input type="submit" value="Add to cart"></form>\n'
        f'<ul class="reviews">\n{told}</ul>\n{form}'
    )


def login(token: str, following: str) -> str:
    return (
        f'<form method="post" action="/login">{hidden(token)}'
        f'<input type="hidden" name="next" value="{escape(following)}">'
        '<input name="email"><input name="password" type="password">'
        '<input type="submit" value="Log in"></form>\n'
    )


def lines(rows: list[Row], total: float) -> str:
    told = "".join(
        f'<tr><td><a href="/p/{row["sku"]}">{escape(row["name"])}</a></td>'
        f'<td class="quantity">{row["quantity"]}</td><td>{money(row["price"] * row["quantity"])}</td>'
        "</tr>\n"
        for row in rows
    )
    return f'<table>\n{told}</table>\n<p>Total <b id="total">{money(total)}</b></p>\n'


def cart(rows: list[Row], total: float, token: str) -> str:
    if not rows:
        return "<p>Your cart is empty.</p>\n"
    remove = "".join(
        f'<form method="post" action="/cart/remove">{hidden(token)}'
        f'<input type="hidden" name="sku" value="{row["sku"]}">'
        f'<input type="submit" value="Remove {escape(row["name"])}"></form>\n'
        for row in rows
    )
    return lines(rows, total) + remove + '<p><a href="/checkout">Check out</a></p>\n'


def checkout(rows: list[Row], total: float, token: str, user: Row) -> str:
    return (
        f"<p>To {escape(user['name'])}, {escape(user['city'])}, {user['state']}</p>\n"
        f"{lines(rows, total)}"
        f'<form method="post" action="/checkout">{hidden(token)}'
        '<select name="instalments"><option>1<option>2<option>3<option>4</select>'
        '<input type="submit" value="Buy"></form>\n'
    )


def account(user: Row, orders: int, token: str) -> str:
    return (
        f"<p>{escape(user['name'])}, {escape(user['email'])}, {escape(user['city'])}, "
        f"{user['state']}. Customer since {user['created_at']}.</p>\n"
        f'<p><a href="/orders">{orders} orders</a></p>\n'
        f'<form method="post" action="/logout">{hidden(token)}'
        '<input type="submit" value="Log out"></form>\n'
    )


def orders(rows: list[Row]) -> str:
    told = "".join(
        f'<tr><td><a href="/orders/{row["number"]}">{row["number"]}</a></td>'
        f"<td>{row['created_at']}</td><td>{money(row['total'])}</td><td>{row['items']} items</td>"
        f"<td>{row['status']}</td></tr>\n"
        for row in rows
    )
    return f"<table>\n{told}</table>\n"


def order(row: Row, items: list[Row]) -> str:
    return (
        f"<p>Bought at {row['created_at']}, {row['instalments']}x, {row['status']}.</p>\n"
        f"{lines(items, row['total'])}"
    )


def error(message: str) -> str:
    return f'<p class="error">{escape(message)}</p>\n'


ABOUT = """<html><head><title>Sobre - Loja Boa</title></head><body>
<h1>Sobre nós</h1>
<p>A Loja Boa nasceu em São Paulo, em 2009, vendendo café e pão de açúcar.   </p>
<p>Atenção: preços em reais (R$). Dúvidas? Ligue já.</p>
</body></html>
"""

CSS = """body { font: 14px Verdana, sans-serif; color: #222; margin: 1em }
#top a { margin-right: 1em }
#nav li { display: inline }
.price { color: #a00 }
.flash { background: #ffc }
.error { color: red }
"""
