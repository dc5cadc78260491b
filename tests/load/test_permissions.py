"""What profiles say that they must be allowed: known by their pages, and granted to a cluster's load."""

from pathlib import Path

import pytest

from kubedrill.cluster.roles import LOAD_RULES
from kubedrill.load.describe import describe

TOP = Path(__file__).parents[2]
PROFILES = sorted((TOP / "loadprofiles").glob("*.py"))


def is_granted(resource: str, verb: str) -> bool:
    plural, _, group = resource.partition(".")
    return any(
        verb in rule["verbs"]
        and {group, "*"} & set(rule["apiGroups"])
        and {plural, "*"} & set(rule["resources"])
        for rule in LOAD_RULES
    )


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_the_load_of_a_cluster_is_allowed_what_it_needs(profile):
    (described,) = describe(profile)
    assert described.permissions
    for resource, verbs in described.permissions.items():
        for verb in verbs.split(", "):
            assert is_granted(resource, verb), f"{verb} {resource}"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_its_page_names_each(profile):
    (named,) = [line for line in profile.read_text().splitlines() if "docs/profiles/" in line]
    page = (TOP / named[named.index("docs/") :].rstrip(".")).read_text()
    (described,) = describe(profile)
    lines = [line for line in page.splitlines() if line.startswith("RBAC must allow")]
    for resource, verbs in described.permissions.items():
        what = "what `resource` says" if resource == "{resource}" else f"`{resource}`"
        said = ", ".join(f"`{verb}`" for verb in verbs.split(", ")) + f" {what}"
        assert any(said in line for line in lines), said
