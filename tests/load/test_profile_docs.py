"""Every profile has a page that names all its parameters, and stands in the index; its examples are valid."""

import re
from pathlib import Path

import pytest
import yaml

from kubedrill.catalogue import read_experiment
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


EXAMPLES = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in sorted(PAGES.glob("*.md"))
    if page.stem != "your-own"  # its profile is none of these: test_your_own.py
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_valid_experiment(example, tmp_path):
    small = {
        "title": "x",
        "why": "y",
        "cluster": "local-3az",
        "phases": {"baseline": "2m"},
        "slos": {"baseline": ["probe.failed == 0"]},
    }
    file = tmp_path / "x.yaml"
    file.write_text(yaml.safe_dump(small | yaml.safe_load(example), sort_keys=False))
    experiment, _ = read_experiment(file)
    assert len(experiment.loads) == len(yaml.safe_load(example)["load"])


def test_there_are_examples():
    assert len(EXAMPLES) >= 8
