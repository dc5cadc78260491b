"""Every profile has a page that names all its parameters, and stands in the index."""

from pathlib import Path

import pytest

from kubedrill.load.describe import describe

TOP = Path(__file__).parents[2]
PROFILES = sorted((TOP / "loadprofiles").glob("*.py"))
PAGES = TOP / "docs" / "profiles"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_the_page_it_names_says_everything(profile):
    (named,) = [line for line in profile.read_text().splitlines() if "docs/profiles/" in line]
    page = (TOP / named[named.index("docs/") :].rstrip(".")).read_text()
    (described,) = describe(profile)
    both = page + (PAGES / "README.md").read_text()
    rows = [line for line in both.splitlines() if line.startswith("| ")]
    for name in described.parameters["properties"]:
        assert any(f"`{name}`" in row for row in rows), name
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert any(described.name in line for line in headings)
    assert described.name in (PAGES / "README.md").read_text()
