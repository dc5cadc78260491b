"""Stage: from samples to numbers, from numbers to a verdict. Reads files only."""
