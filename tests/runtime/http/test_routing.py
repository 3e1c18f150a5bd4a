import pytest

from banyan.runtime.http.routing import tree_of


def test_written_segments_go_before_varying_ones() -> None:
    tree = tree_of(
        [
            ("GET", "/v1/items", "list"),
            ("POST", "/v1/items", "create"),
            ("GET", "/v1/items/{item_id}", "get"),
            ("GET", "/v1/items/export", "export"),
            ("GET", "/v1/items/{item_id}/labels/{label}", "label"),
        ]
    )

    def found(path: str) -> tuple[dict[str, str], tuple[str, ...], list[str]] | None:
        match = tree.find(path)
        return None if match is None else (match[0].by_method, match[0].names, match[1])

    assert found("/v1/items") == ({"GET": "list", "POST": "create"}, (), [])
    assert found("/v1/items/x") == ({"GET": "get"}, ("item_id",), ["x"])
    assert found("/v1/items/export") == ({"GET": "export"}, (), [])
    assert found("/v1/items/x/labels/y") == ({"GET": "label"}, ("item_id", "label"), ["x", "y"])
    for path in ("", "/", "/v1", "/v1/items/", "/v1/items//labels/y", "/v1/items/x/labels", "v1"):
        assert found(path) is None, path


def test_one_place_has_one_name() -> None:
    with pytest.raises(AssertionError, match="two names"):
        tree_of([("GET", "/v1/items/{item_id}", 1), ("PUT", "/v1/items/{id}", 2)])
