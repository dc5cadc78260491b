"""What the judge says of 10 M samples is what percentiles are by definition."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "shared" / "ten_million.py"


def test_percentiles_from_the_files_are_those_by_definition():
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["records"] == 10_000_000
    assert said["found"] == said["defined"]
    assert said["seconds"] == said["seconds_defined"]
    assert len(said["seconds"]) == 100
    assert said["found"]["p99.9"] > said["found"]["p99"] > said["found"]["p90"] > 0.01
    assert said["peak_bytes"] < 2e9
