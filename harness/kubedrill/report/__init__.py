"""Stage: show the verdict to people and to CI."""
