"""Search attributes in Temporal: which the namespace lacks, and adding them where the server lets us.

Temporal Cloud has no operator service for its customers: there they are looked for by queries, and added by hand.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType as ValueType
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

Keys = Sequence[SearchAttributeKey[Any]]

_NOT_FOR_US: Final = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED})
"""The status codes of a server without an operator service for us."""


class _Type(NamedTuple):
    """The name that Temporal's tools take, and what can be asked of an attribute of this type in a query."""

    name: str
    question: str


_TYPES: Final = {
    ValueType.TEXT: _Type("Text", "= 'a'"),
    ValueType.KEYWORD: _Type("Keyword", "STARTS_WITH 'a'"),
    ValueType.INT: _Type("Int", "= 1"),
    ValueType.DOUBLE: _Type("Double", "= 1.5"),
    ValueType.BOOL: _Type("Bool", "= true"),
    ValueType.DATETIME: _Type("Datetime", "> '2026-01-01T00:00:00Z'"),
    # A Keyword takes whatever a KeywordList does: queries alone cannot distinguish the two.
    ValueType.KEYWORD_LIST: _Type("KeywordList", "= 'a'"),
}


class SearchAttributeMismatch(Exception):
    """The namespace has a search attribute of ours with another type; only an operator can fix that."""


class SearchAttributesMissing(Exception):
    """The namespace lacks search attributes, and we may not add them. The text has the command that adds them."""


async def register_search_attributes(client: Client, keys: Keys) -> list[str]:
    """Add those of `keys` that the namespace lacks; returns their names.

    Before any worker starts: an unknown attribute fails the workflow task again and again. Raises
    SearchAttributeMismatch, SearchAttributesMissing.
    """
    missing = await missing_search_attributes(client, keys)
    if missing:
        await _add(client, missing)
    return [key.name for key in missing]


async def missing_search_attributes(client: Client, keys: Keys) -> Keys:
    """Those of `keys` that the namespace lacks. Raises SearchAttributeMismatch."""
    listing = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        known = (await client.operator_service.list_search_attributes(listing)).custom_attributes
    except RPCError as error:
        if error.status not in _NOT_FOR_US:
            raise
        return await _missing_by_query(client, keys)
    _refuse([key for key in keys if known.get(key.name, _index_type(key)) != _index_type(key)])
    return [key for key in keys if key.name not in known]


async def _missing_by_query(client: Client, keys: Keys) -> Keys:
    missing = [key for key in keys if not await _can_be_asked(client, f"`{key.name}` IS NULL")]
    there = [key for key in keys if key not in missing]
    _refuse([key for key in there if not await _can_be_asked(client, f"`{key.name}` {_type(key).question}")])
    return missing


async def _can_be_asked(client: Client, query: str) -> bool:
    try:
        await client.count_workflows(query)
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        return False
    return True


async def _add(client: Client, missing: Keys) -> None:
    types = {key.name: _index_type(key) for key in missing}
    adding = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
    try:
        await client.operator_service.add_search_attributes(adding)
    except RPCError as error:
        if error.status in _NOT_FOR_US:
            raise SearchAttributesMissing(_how_to_add(client.namespace, missing)) from None
        # Another process migrates at the same moment.
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


def _refuse(wrong: Keys) -> None:
    if wrong:
        expected = ", ".join(f"{key.name} (must be {_type(key).name})" for key in wrong)
        raise SearchAttributeMismatch(f"search attributes of another type: {expected}")


def _how_to_add(namespace: str, missing: Keys) -> str:
    named = ", ".join(f"{key.name} ({_type(key).name})" for key in missing)
    options = " ".join(f'--search-attribute "{key.name}={_type(key).name}"' for key in missing)
    return (
        f"namespace {namespace} lacks search attributes, and we have no right to add them: {named}. "
        f"On Temporal Cloud add them on the namespace's page, or with "
        f"`tcld namespace search-attributes add --namespace {namespace} {options}`; "
        "elsewhere an administrator does it with `temporal operator search-attribute create`. Then try again"
    )


def _index_type(key: SearchAttributeKey[Any]) -> IndexedValueType.ValueType:
    return IndexedValueType.ValueType(key.indexed_value_type)


def _type(key: SearchAttributeKey[Any]) -> _Type:
    return _TYPES[key.indexed_value_type]
