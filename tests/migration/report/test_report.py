"""What the report says of a route, and the page it becomes."""

from datetime import timedelta
from decimal import Decimal
from typing import Literal

from lxml import html

from banyan.migration import Minute
from banyan.migration.model.report import Costs, LoadPoint, LoadRun, Measurement, Report
from banyan.migration.rules.report import RouteSubject, capacity_of, on_route, report_page
from tests.migration.report.minutes import BEGAN, minutes_of

PRODUCT = RouteSubject("product", "Product pages", "candidate")
BEFORE = minutes_of("served", "shadow", 60, rate=0.02, median_us=200_000)
AFTER = minutes_of("served", "candidate", 60, after=100, rate=0.001, median_us=50_000)
BOTH = [
    *minutes_of("legacy", "ramp", 30, after=60, median_us=200_000),
    *minutes_of("candidate", "ramp", 25, after=65, median_us=50_000),
]


def run(
    side: Literal["legacy", "candidate"], *points: tuple[int, float, int], client: bool = False
) -> LoadRun:
    """Points are of concurrency, requests a second and p99 in ms."""
    return LoadRun(
        side=side,
        points=tuple(
            LoadPoint(concurrency, 1_000, 0, rate, p99 * 500, p99 * 1_000)
            for concurrency, rate, p99 in points
        ),
        is_client_bound=client,
    )


LEGACY_RUN = run("legacy", (1, 50, 30), (2, 95, 40), (4, 100, 80), (8, 100, 160))
CANDIDATE_RUN = run("candidate", (1, 200, 8), (4, 600, 20), (8, 800, 60), (16, 810, 120))
MEASURED = Measurement(
    route="product",
    paths=("/product/1",),
    measured_at=BEGAN,
    by="ada",
    runs=(LEGACY_RUN, CANDIDATE_RUN, LEGACY_RUN, CANDIDATE_RUN),
)


def report(
    minutes: list[Minute],
    *,
    subject: RouteSubject = PRODUCT,
    measured: Measurement | None = None,
    costs: Costs | None = None,
) -> Report:
    return Report(
        plan="shop",
        title="shop",
        made_at=BEGAN + timedelta(days=1),
        routes=(on_route(subject, minutes, measured, costs),),
        costs=costs,
    )


def text_of(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def test_customers_before_and_after() -> None:
    (route,) = report([*BEFORE, *AFTER, *BOTH]).routes
    assert route.customers.before
    assert route.customers.after
    assert (route.customers.before.minutes, route.customers.before.requests) == (60, 3_600)
    assert route.customers.before.per_second == 1.0
    p50 = route.customers.latency["p50"]
    assert 0.23 < (p50.low or 0) < p50.value < (p50.high or 0) < 0.27
    assert route.customers.errors
    assert (route.customers.errors.high or 0) < 0
    assert route.sentence.startswith("Customers: p50 ")
    assert "times faster" in route.sentence
    assert "fewer" in route.sentence


def test_sides_are_compared_only_in_minutes_that_both_were_in() -> None:
    (route,) = report(BOTH).routes
    assert route.sides.before
    assert route.sides.after
    assert route.sides.before.minutes == route.sides.after.minutes == 25
    assert route.sides.before.from_at == BEGAN + timedelta(minutes=65)
    assert route.sentence.startswith("Side by side, candidate after legacy: p50 ")


def test_no_difference_is_called_that() -> None:
    same = minutes_of("served", "candidate", 60, after=100, rate=0.02, median_us=200_000, seed=2)
    (route,) = report([*BEFORE, *same]).routes
    assert route.sentence.count("no clear difference") == 3


def test_slower_and_more_errors_are_called_that() -> None:
    worse = minutes_of("served", "candidate", 60, after=100, rate=0.1, median_us=400_000)
    (route,) = report([*BEFORE, *worse]).routes
    assert "times slower" in route.sentence
    assert " more." in route.sentence


def test_nothing_to_compare_is_said() -> None:
    (route,) = report([]).routes
    assert route.sentence == "Nothing to compare yet: no minute of before was seen."
    (route,) = report(BEFORE).routes
    assert route.sentence == "Nothing to compare yet: no minute of after was seen."
    assert "Not measured." in text_of(report_page(report(BEFORE)))


def test_capacity_at_the_latency_legacy_has_when_it_gives_nearly_all() -> None:
    capacity = capacity_of(MEASURED)
    assert capacity
    assert capacity.limit_us == 40_000
    assert (capacity.legacy.value, capacity.legacy.low, capacity.legacy.high) == (95, 95, 95)
    assert capacity.candidate.value == 700
    (route,) = report([*BEFORE, *AFTER], measured=MEASURED).routes
    assert route.sentence.endswith("7.4 times the requests at the same latency.")


def test_a_side_that_only_refuses_has_no_capacity() -> None:
    quick = LoadRun(
        side="candidate", points=(LoadPoint(1, 9_999, 9_999, 9_999, 1, 1),), is_client_bound=False
    )
    measured = Measurement(
        route="product", paths=("/",), measured_at=BEGAN, by="ada", runs=(LEGACY_RUN, quick)
    )
    assert capacity_of(measured) is None


def test_a_candidate_that_is_never_as_quick_is_called_that() -> None:
    slow = run("candidate", (1, 20, 50), (2, 20, 100))
    measured = Measurement(
        route="product", paths=("/",), measured_at=BEGAN, by="ada", runs=(LEGACY_RUN, slow)
    )
    (route,) = report([*BEFORE, *AFTER], measured=measured).routes
    assert "Even alone its requests take longer" in route.sentence
    assert route.capacity
    assert route.capacity.candidate.value == 0


def test_a_client_at_its_limit_is_told_of() -> None:
    bound = run("candidate", (1, 200, 8), (4, 600, 20), client=True)
    measured = Measurement(
        route="product", paths=("/",), measured_at=BEGAN, by="ada", runs=(LEGACY_RUN, bound)
    )
    page = text_of(report_page(report([*BEFORE, *AFTER], measured=measured)))
    assert "At least 6.3 times the requests" in page
    assert "What sent the load was itself at its limit" in page


def test_cost_is_told_when_it_is_known() -> None:
    costs = Costs(
        legacy_per_hour=Decimal("3.42"), candidate_per_hour=Decimal("2.52"), currency="EUR"
    )
    (route,) = report([*BEFORE, *AFTER], measured=MEASURED, costs=costs).routes
    assert route.cost == (Decimal("10.00"), Decimal("1.00"))
    page = html.fromstring(report_page(report([*BEFORE, *AFTER], measured=MEASURED, costs=costs)))
    (row,) = page.xpath("//tr[starts-with(td, 'Cost of a million')]")
    assert row.xpath("td/text()") == ["Cost of a million requests (EUR)", "10.00", "1.00"]
    without = text_of(report_page(report([*BEFORE, *AFTER], costs=costs)))
    assert "The cost of a request is told once the capacity is measured." in without
    assert "No cost of a request is given" in text_of(report_page(report([*BEFORE, *AFTER])))


def test_the_page_stands_alone_and_escapes_what_people_wrote() -> None:
    subject = RouteSubject("product", "<script>alert(1)</script>", "ramp")
    page = report_page(report([*BEFORE, *AFTER, *BOTH], subject=subject))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "@page" in page
    tree = html.fromstring(page)
    assert not tree.xpath("//@src | //link | //@style | //@onclick")
    pictures = tree.xpath("//svg")
    assert len(pictures) == 2
    assert len(pictures[0].xpath(".//circle")) == 6


def test_marks_lie_within_the_picture() -> None:
    tree = html.fromstring(report_page(report([*BEFORE, *AFTER])))
    width = float(tree.xpath("//svg/@viewbox")[0].split()[2])
    places = [float(place) for place in tree.xpath("//svg//@cx | //svg//@x1 | //svg//@x2")]
    assert places
    assert all(0 <= place <= width for place in places)
