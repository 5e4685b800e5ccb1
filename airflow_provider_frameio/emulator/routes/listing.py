"""Lists of assets: their orders, and one page of them as a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from airflow_provider_frameio.emulator.routes.route import Call, ok
from airflow_provider_frameio.emulator.state.assets import Asset, Folder
from airflow_provider_frameio.emulator.state.records import FILE_INCLUDES
from airflow_provider_frameio.emulator.wire.answers import Answer, invalid
from airflow_provider_frameio.emulator.wire.pages import Order, cut_page, page_parameters
from airflow_provider_frameio.emulator.wire.parameters import Parameter, one_of, some_of

T = TypeVar("T")
SORT_KEYS: Mapping[str, Callable[[Asset], Any]] = {
    "name": lambda asset: asset.name,
    "file_size": lambda asset: asset.size,
    "created_at": lambda asset: asset.created_at,
    "updated_at": lambda asset: asset.updated_at,
}
ARRIVAL: Order[Asset] = Order("arrival", lambda asset: (0, asset.seq))
NEWEST_FIRST: Order[Asset] = Order("newest_first", lambda asset: (0, asset.seq), descending=True)


def sort_parameters(largest: int, sort_by: Iterable[str]) -> dict[str, Parameter]:
    """The query parameters of a list that can be sorted."""
    sorts = [f"{name}_{direction}" for name in sort_by for direction in ("asc", "desc")]
    return {"sort": one_of(sorts), **page_parameters(largest)}


def list_parameters(largest: int, sort_by: Iterable[str] = SORT_KEYS) -> dict[str, Parameter]:
    """The query parameters of a list of assets."""
    return {"include": some_of(FILE_INCLUDES), **sort_parameters(largest, sort_by)}


def asset_page(call: Call, assets: Iterable[Asset], default: Order[Asset], *, by_offset: bool = False) -> Answer:
    """One page of ``assets``, in the order asked for.

    :param by_offset: whether its cursors are offsets in any case.
    """
    largest = call.settings.largest_page
    if call.query.get("page_size", 0) > largest:
        raise invalid(f"{call.query['page_size']} is larger than maximum {largest}", "/page_size")
    order = _order(call.query["sort"]) if "sort" in call.query else default
    by_offset = by_offset or call.settings.offset_cursors
    page, envelope = cut_page(assets, order, call.query, call.path, by_offset=by_offset)
    records = call.records
    return ok([records.asset(asset, call.include) for asset in page], **envelope)


def sorted_page(
    call: Call, items: Iterable[T], keys: Mapping[str, Callable[[T], Any]], default: str
) -> tuple[list[T], dict[str, Any]]:
    """One page of ``items``, which are no assets and come in the order of their making; and what stands beside it."""
    sort = call.query.get("sort", default)
    name, _, direction = sort.rpartition("_")
    order: Order[tuple[int, T]] = Order(sort, lambda item: (keys[name](item[1]), item[0]), direction == "desc")
    page, envelope = cut_page(enumerate(items), order, call.query, call.path)
    return [item for _, item in page], envelope


def listed(call: Call, folder: Folder, *kinds: type[Asset]) -> Iterable[Asset]:
    """What a list of ``folder`` shows of these kinds by now."""
    return (child for child in call.store.children(folder) if isinstance(child, kinds) and child.listed_at <= call.now)


def _order(sort: str) -> Order[Asset]:
    name, _, direction = sort.rpartition("_")
    value = SORT_KEYS[name]
    return Order(sort, lambda asset: (value(asset), asset.seq), direction == "desc")
