"""Findings are counted, sorted by cause, and decided about."""

import pytest

from banyan.comparison import DecisionIncomplete, DivergenceNotFound
from banyan.kernel import new_id
from tests.comparison.conftest import Route
from tests.difference.answers import answer, html, json_

GOOD = json_('{"price": 10, "stock": 3}')
TEXT = json_('{"price": "10", "stock": 3}')


async def test_what_is_equal_is_counted_and_nothing_else(route: Route) -> None:
    recorded = await route.record(*(route.look(GOOD, GOOD, GOOD) for _ in range(3)))
    assert (recorded.compared, recorded.diverged) == (3, 0)
    assert await route.divergences() == []
    standing = await route.standing()
    assert (standing.compared, standing.diverged, standing.open) == (3, 0, 0)


async def test_one_cause_is_one_divergence(route: Route) -> None:
    recorded = await route.record(*(route.look(GOOD, TEXT, GOOD) for _ in range(9)))
    assert (recorded.compared, recorded.diverged, len(recorded.found)) == (9, 9, 1)
    [one] = await route.divergences()
    assert one.title == "price is a text in the candidate, a number in legacy"
    assert (one.requests, one.state) == (9, "open")
    shown = await route.shown(one.divergence_id)
    assert shown.examples[0].method == "GET"
    assert shown.examples[0].path == "/api/basket?page=2"
    assert len(shown.examples) == 5
    assert shown.examples[0].differences == [
        {"path": "$.price", "kind": "type", "legacy": "10", "candidate": '"10"', "detail": ""}
    ]
    assert shown.significance.is_beyond_noise
    assert "9 of 9 requests" in shown.significance.sentence
    assert await route.events() == ["divergence.found"]


async def test_a_request_counts_once(route: Route) -> None:
    first = route.look(GOOD, TEXT, GOOD, request_id="same")
    assert (await route.record(first, first)).repeated == 1
    again = await route.record(first, route.look(GOOD, TEXT, GOOD))
    assert (again.compared, again.repeated) == (1, 1)
    [one] = await route.divergences()
    assert one.requests == 2
    assert (await route.standing()).compared == 2


async def test_what_goes_wrong_first_is_the_cause(route: Route) -> None:
    failing = answer("no", "text/plain", ("set-cookie", "x=1"), status=500)
    await route.record(route.look(GOOD, failing, GOOD))
    [one] = await route.divergences()
    assert one.title == "Status 500 in the candidate, 200 in legacy"
    assert one.also == ["extra cookie:x", "changed header:content-type"]


async def test_no_answer_is_called_so(route: Route) -> None:
    await route.record(route.look(GOOD, answer("", status=0), GOOD))
    [one] = await route.divergences()
    assert one.title == "No answer of the candidate, 200 of legacy"


async def test_a_cookie_of_the_candidate_only(route: Route) -> None:
    with_cookie = json_('{"price": 10, "stock": 3}', ("set-cookie", "cart2=a; Path=/"))
    await route.record(route.look(GOOD, with_cookie, GOOD))
    [one] = await route.divergences()
    assert one.title == "Cookie cart2 is set only by the candidate"


async def test_elements_that_are_missing(route: Route) -> None:
    four, three = json_('{"items": [1, 2, 3, 4]}'), json_('{"items": [1, 2, 4]}')
    await route.record(route.look(four, three, four))
    page, shorter = html("<ul><li>a<li>b<li>c</ul>"), html("<ul><li>a<li>c</ul>")
    await route.record(route.look(page, shorter, page))
    assert {one.title for one in await route.divergences()} == {
        "<li>: 2 instead of 3",
        "items: 3 instead of 4",
    }


async def test_accepting_stops_it_counting_and_reopening_lets_it_count_again(
    route: Route,
) -> None:
    await route.record(route.look(GOOD, TEXT, GOOD), route.look(GOOD, GOOD, GOOD))
    [one] = await route.divergences()
    await route.decide(one.divergence_id, "accept")
    standing = await route.standing()
    assert (standing.compared, standing.diverged, standing.open) == (2, 0, 0)
    recorded = await route.record(route.look(GOOD, TEXT, GOOD))
    assert (recorded.compared, recorded.diverged, recorded.found) == (1, 0, ())

    await route.decide(one.divergence_id, "reopen")
    standing = await route.standing()
    assert (standing.compared, standing.diverged, standing.open) == (3, 2, 1)
    shown = await route.shown(one.divergence_id)
    assert [(d.choice, d.state, d.by) for d in shown.decisions] == [
        ("accept", "accepted", "ann"),
        ("reopen", "open", "ann"),
    ]
    assert await route.events() == [
        "divergence.found",
        "divergence.decided",
        "divergence.decided",
    ]


async def test_what_is_accepted_hides_nothing_else(route: Route) -> None:
    await route.record(route.look(GOOD, TEXT, GOOD))
    [accepted] = await route.divergences()
    await route.decide(accepted.divergence_id, "accept")
    both = json_('{"price": "10", "stock": 4}')
    recorded = await route.record(route.look(GOOD, both, GOOD))
    assert recorded.diverged == 1
    [new] = [one for one in await route.divergences() if one.state == "open"]
    assert new.title == "stock differs"


async def test_what_came_along_with_an_accepted_one_counts_where_that_is_not_there(
    route: Route,
) -> None:
    both = json_('{"price": "10", "stock": 4}')
    await route.record(route.look(GOOD, both, GOOD))
    [accepted] = await route.divergences()
    assert accepted.also == ["changed $.stock"]
    await route.decide(accepted.divergence_id, "accept")
    assert (await route.record(route.look(GOOD, both, GOOD))).diverged == 0
    only = json_('{"price": 10, "stock": 4}')
    assert (await route.record(route.look(GOOD, only, GOOD))).diverged == 1


async def test_fixed_opens_again_when_it_is_seen_after_that(route: Route) -> None:
    await route.record(route.look(GOOD, TEXT, GOOD))
    [one] = await route.divergences()
    await route.decide(one.divergence_id, "fix", owner="catalogue")
    assert (await route.standing()).open == 1
    late = route.look(GOOD, TEXT, GOOD)
    await route.later(5)
    await route.decide(one.divergence_id, "fixed")
    assert (await route.standing()).diverged == 0
    assert (await route.record(late)).returned == ()
    await route.later(1)
    recorded = await route.record(route.look(GOOD, TEXT, GOOD))
    assert recorded.returned == (one.divergence_id,)
    assert recorded.diverged == 1
    [back] = await route.divergences()
    assert (back.state, back.owner, back.returned) == ("open", "catalogue", 1)
    assert (await route.events())[-1] == "divergence.returned"
    shown = await route.shown(one.divergence_id)
    assert [d.choice for d in shown.decisions] == ["fix", "fixed", "returned"]


async def test_the_old_version_may_still_show_what_is_fixed_in_the_new_one(route: Route) -> None:
    await route.record(route.look(GOOD, TEXT, GOOD, version="v1"))
    [one] = await route.divergences()
    await route.decide(one.divergence_id, "fixed", fixed_in="v2")
    await route.later(1)
    assert (await route.record(route.look(GOOD, TEXT, GOOD, version="v1"))).returned == ()
    assert (await route.record(route.look(GOOD, TEXT, GOOD, version="v2"))).returned


async def test_a_decision_says_why_and_who(route: Route) -> None:
    await route.record(route.look(GOOD, TEXT, GOOD))
    [one] = await route.divergences()
    with pytest.raises(DecisionIncomplete):
        await route.decide(one.divergence_id, "fix")
    with pytest.raises(DivergenceNotFound):
        await route.decide(new_id(), "accept")
    await route.decide(one.divergence_id, "accept")
    await route.decide(one.divergence_id, "accept")
    assert len((await route.shown(one.divergence_id)).decisions) == 1


async def test_a_token_seen_as_noise_is_known_where_there_is_no_second_answer(
    route: Route,
) -> None:
    def page(token: str):
        return html(f'<form><input name="csrf" value="{token}"></form>')

    for n in range(3):
        recorded = await route.record(route.look(page(f"a{n}"), page(f"b{n}"), page(f"c{n}")))
        assert recorded.diverged == 0
    recorded = await route.record(*(route.look(page(f"d{n}"), page(f"e{n}")) for n in range(20)))
    assert (recorded.compared, recorded.diverged) == (20, 0)
    assert await route.divergences() == []
    assert (await route.record(route.look(page("f"), page(""), page("g")))).diverged == 1
    [one] = await route.divergences()
    assert one.title == 'value of input[name="csrf"] is empty in the candidate only'


async def test_a_field_that_is_seldom_noisy_hides_no_divergence(route: Route) -> None:
    """Legacy differs from itself in one of a hundred, the sides in all of them."""
    looks = [
        route.look(
            json_('{"total": 1}'),
            json_('{"total": 9}'),
            json_(f'{{"total": {1 + (n % 100 == 50)}}}'),
        )
        for n in range(400)
    ]
    recorded = await route.record(*looks)
    assert recorded.compared == 400
    assert recorded.diverged >= 396
    [one] = await route.divergences()
    assert (await route.shown(one.divergence_id)).significance.e_value > 1000


async def test_a_field_that_is_often_noisy_is_no_divergence(route: Route) -> None:
    """Each answer has one of two values at random: nothing here is the candidate's doing."""
    a, b = json_('{"offer": 1}'), json_('{"offer": 2}')
    mixed = [(a, a, b), (a, b, a), (b, b, a), (a, b, b), (b, a, a), (b, a, b), (a, a, a), (b, b, b)]
    looks = [route.look(*mixed[n * 5 % 8]) for n in range(160)]
    recorded = await route.record(*looks)
    assert recorded.diverged <= 2
    for one in await route.divergences():
        assert not (await route.shown(one.divergence_id)).significance.is_beyond_noise


async def test_a_side_that_contradicts_itself_is_no_comparison(route: Route) -> None:
    busy = answer("busy", "text/plain", status=503)
    recorded = await route.record(route.look(GOOD, TEXT, busy))
    assert (recorded.compared, recorded.unsteady, recorded.diverged) == (0, 1, 0)
    assert (await route.standing()).compared == 0


async def test_elements_called_like_places_are_not_taken_for_them(route: Route) -> None:
    one, two = (answer(f"<status>{word}</status>", "text/xml") for word in ("up", "down"))
    await route.record(route.look(one, two, one))
    page, other = html("<p>a</p>"), html("<p>b</p>")
    await route.record(route.look(page, other, page))
    assert {one.title for one in await route.divergences()} == {
        "status:root differs",
        "<p> differs",
    }
