"""What a process of a drill sees of the environment: the drill's cluster, and no other.

A whitelist, since every program has its own ways to find a cluster (KUBECONFIG, a context, the variables of
a pod, files in the home folder), and a list of those would never be whole.
"""

import json
import os
import re
import site
from collections.abc import Mapping
from pathlib import Path

NOWHERE = Path("/nonexistent")
"""The private folder of a process that has no business with any cluster."""

_PASSED = re.compile(
    # Programs, languages, time, temporary files, and who runs it.
    r"PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|USER|LOGNAME|LD_LIBRARY_PATH"
    # Python and its libraries; ourselves; authorities that this machine trusts.
    r"|PYTHON[A-Z_]*|OPENBLAS_NUM_THREADS|KUBEDRILL_(?!PROMETHEUS_TOKEN)[A-Z_]+|KUBEBUILDER_ASSETS|SSL_CERT_(FILE|DIR)"
)
"""Proxies are not among them: a proxy that they name would answer for the drill's cluster. Nor is the token
of a Prometheus, which the scraper alone is given."""

_OF_AN_ENGINE = re.compile(r"(DOCKER|CONTAINER)_HOST|DOCKER_(CERT_PATH|TLS_VERIFY|CONTEXT)")
"""Where a container engine is, of which clusters are asked whose nodes are containers."""

_OPERATORS = "KUBEDRILL_OPERATORS"
"""Holds, as JSON, the environment of who began the drill, for its processes that run commands of theirs."""


def kubeconfig(private: Path) -> Path:
    """Return where the drill's kubeconfig stands in its private folder."""
    return private / "kubeconfig"


def environment(
    private: Path, engine: bool = False, given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment of a process of a drill; made from one of its own kind, it is the same.

    `private` is the drill's own folder: KUBECONFIG and HOME are in it, whether or not they exist.
    `engine`: it may know of a container engine; `given` is who starts the process, by default this one.
    """
    given = os.environ if given is None else given
    passed = {
        name: value
        for name, value in given.items()
        if _PASSED.fullmatch(name) or (engine and _OF_AN_ENGINE.fullmatch(name))
    }
    passed.pop(_OPERATORS, None)  # who needs it is given it
    # Packages that a user has installed for himself are found from his home folder.
    packages = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}
    return {
        **packages,
        **passed,
        "KUBECONFIG": str(kubeconfig(private)),
        "HOME": str(private / "home"),
    }


def operators() -> dict[str, str]:
    """Return the environment of who began the drill: for commands of theirs, and for nothing else."""
    handed_on = os.environ.get(_OPERATORS)
    own = dict(os.environ) if handed_on is None else dict(json.loads(handed_on))
    return {name: value for name, value in own.items() if name != _OPERATORS}


def hand_on_operators() -> dict[str, str]:
    """Return what to add to the environment of a process that runs commands of theirs."""
    return {_OPERATORS: json.dumps(operators())}
