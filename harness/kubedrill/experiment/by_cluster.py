"""What an experiment says otherwise on clusters of one provider: `when_cluster:`, by its name."""

from collections.abc import Collection

from kubedrill.experiment.draft import Draft
from kubedrill.experiment.schema import ExperimentFile
from kubedrill.reading.override import Override, head_of
from kubedrill.words import did_you_mean, shown

KEY = "when_cluster"
SAME = ("title", "claim", "why", "cluster", "variants", KEY)
"""What is said of every cluster alike."""


def changes(draft: Draft, provider: str) -> list[Override]:
    """Return what a file says otherwise on clusters of a provider, as far as that is sound."""
    said = (draft.file.when_cluster or {}).get(provider) or {}
    source = draft.problems.source
    return [
        Override(key, value, file=source.path, line=source.place((KEY, provider, key)).line)
        for key, value in said.items()
        if head_of(key) not in SAME
    ]


def check(draft: Draft, providers: Collection[str]) -> None:
    """Check who is named, and what is changed there; what is wrong goes to the draft's problems."""
    problems, keys = draft.problems, ExperimentFile.model_fields
    for provider, said in (draft.file.when_cluster or {}).items():
        if provider not in providers:
            near = did_you_mean(provider, providers)
            problems.add((KEY, provider), f'{KEY}: nobody provides "{shown(provider)}"{near}')
        for key in said or ():
            head = head_of(key)
            if head not in keys:
                near = did_you_mean(head, keys)
                problems.add((KEY, provider, key), f'{KEY}: unknown key "{shown(head)}"{near}')
            elif head in SAME:
                words = f"{KEY}: {head} is the same on every cluster"
                problems.add((KEY, provider, key), words)
