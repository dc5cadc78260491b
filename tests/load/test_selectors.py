"""Selectors: what the apiserver takes and what it refuses, told beforehand; and asked of a real one."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from load_stage import PROFILE, check

from kubedrill.client.caller import Caller
from kubedrill.errors import NotStarted
from kubedrill.load.selectors import SelectorError, check_fields, check_labels
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.target import identity_target

LONG = "a" * 63
# Each with the column at which it is wrong; None: it is right.
LABELS: list[tuple[str, int | None]] = [
    ("", None),
    ("app", None),
    ("!app", None),
    ("app=web", None),
    ("app==web", None),
    ("app != web", None),
    ("app=", None),
    ("app=,tier", None),
    ("app in (web, db)", None),
    ("app notin (web)", None),
    ("app in ()", None),
    ("app in (,)", None),
    ("app in (web,)", None),
    ("in in (in)", None),
    (" app = web , tier notin (a,b) , !old ", None),
    ("example.com/app=web", None),
    ("kubedrill.io/none=x", None),
    ("cores > 3", None),
    ("cores<99", None),
    (f"{LONG}={LONG}", None),
    ("A.b_c-1=Z", None),
    (",", 1),
    ("app,", 5),
    ("app=web,", 9),
    ("app=web,,tier", 9),
    ("=web", 1),
    ("!", 2),
    ("!!app", 2),
    ("!app=web", 5),
    ("app web", 5),
    ("app===web", 6),
    ("app=web=db", 8),
    ("app in web", 8),
    ("app in (a b)", 11),
    ("app in (a", 10),
    ("app in (a))", 11),
    ("app not in (a)", 5),
    ("app ~ web", 5),
    ("cores > many", 9),
    ("cores > -1", 9),
    ("cores >", 8),
    ("any text at all", 5),
    ("\u00fcber=x", 1),
    ("app=w\u00e4b", 5),
    ("-app=x", 1),
    ("app=x-", 5),
    ("/app=x", 1),
    ("example.com/=x", 1),
    ("a/b/c=x", 1),
    ("Example.com/app=x", 1),
    (f"{LONG}a=x", 1),
    (f"x={LONG}a", 3),
    ("app='web'", 5),
    ("app in ('web')", 9),
    ("app=web;tier=db", 5),
]
FIELDS: list[tuple[str, int | None]] = [
    ("", None),
    ("metadata.name=a", None),
    ("metadata.name==a,metadata.namespace!=b", None),
    ("metadata.name=", None),
    (",metadata.name=a,", None),
    (r"metadata.name=a\,b\=c\\", None),
    ("metadata.name", 1),
    ("metadata.name=a,metadata.namespace", 17),
    ("=a", 1),
    ("metadata.name=a=b", 16),
    (r"metadata.name=a\b", 16),
    ("metadata.name=a\\", 16),
    ("metadata.name>a", 1),
]
CHECKS: dict[str, Callable[[str], None]] = {
    "labelSelector": check_labels,
    "fieldSelector": check_fields,
}
TABLE = [("labelSelector", *label) for label in LABELS] + [
    ("fieldSelector", *field) for field in FIELDS
]


@pytest.mark.parametrize(("kind", "text", "column"), TABLE)
def test_where_a_selector_is_wrong(kind: str, text: str, column: int | None) -> None:
    if column is None:
        CHECKS[kind](text)
    else:
        with pytest.raises(SelectorError, match=rf"^column {column}: "):
            CHECKS[kind](text)


@pytest.mark.cluster
def test_the_apiserver_takes_what_we_take(cluster: ClusterRecord) -> None:
    api = Caller(*identity_target(cluster, "admin"))
    try:
        answers = [
            (kind, text, api.call("GET", f"/api/v1/pods?limit=1&{kind}={quote(text)}").status)
            for kind, text, _ in TABLE
        ]
    finally:
        api.close()
    assert answers == [(kind, text, 200 if at is None else 400) for kind, text, at in TABLE]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"label_selector": "any text at all"},
            'label_selector: column 5: "text" where =, !=, in, notin, < or > must stand',
        ),
        ({"label_selector": "app in"}, "label_selector: column 7: the end where ( must stand"),
        (
            {"label_selector": "x" * 5000},
            'label_selector: column 1: "' + "x" * 57 + '..." is no key of a label: ',
        ),
        (
            {"field_selector": "metadata.name"},
            'field_selector: column 1: "metadata.name" is no comparison such as spec.nodeName=node-1',
        ),
    ],
)
def test_it_is_said_before_anything_is_started(given: dict[str, str], said: str) -> None:
    with pytest.raises(NotStarted) as refused:
        check(PROFILE, given)
    assert str(refused.value).startswith(f"mass-list: {said}")
