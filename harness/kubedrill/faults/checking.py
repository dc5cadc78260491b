"""Faults: what Chaos Toolkit, or we, would refuse of an activity. Other people's modules are imported here.

`python -m kubedrill.faults.checking` reads a list of activities from stdin, and prints the flaws of each: a
process of its own, for what an import does stays done.
"""

import importlib
import inspect
import itertools
import json
import os
import pkgutil
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from kubedrill.reading.problems import Location, describe
from kubedrill.record.catalogue import Flaw
from kubedrill.words import did_you_mean, shown

ActivityProvider = Mapping[str, Any]

_KEYS = {
    "python": ("type", "module", "func", "arguments"),
    "process": ("type", "path", "arguments", "timeout"),
    "http": (
        *("type", "url", "method", "headers", "arguments", "timeout", "verify_tls"),
        "max_retries",
    ),
}
"""What Chaos Toolkit reads of a provider: it passes over any other key, a misspelt one too."""

_PACKAGES = {
    "chaosaddons": "chaostoolkit-addons",
    "chaosaws": "chaostoolkit-aws",
    "chaosazure": "chaostoolkit-azure",
    "chaoscf": "chaostoolkit-cloud-foundry",
    "chaosdatadog": "chaostoolkit-datadog",
    "chaosdynatrace": "chaostoolkit-dynatrace",
    "chaosgcp": "chaostoolkit-google-cloud-platform",
    "chaosgrafana": "chaostoolkit-grafana",
    "chaosgremlin": "chaostoolkit-gremlin",
    "chaoshumio": "chaostoolkit-humio",
    "chaosistio": "chaostoolkit-istio",
    "chaosk6": "chaostoolkit-k6",
    "chaosk8s": "chaostoolkit-kubernetes",
    "chaosprometheus": "chaostoolkit-prometheus",
    "chaosreliably": "chaostoolkit-reliably",
    "chaosservicefabric": "chaostoolkit-service-fabric",
    "chaosslack": "chaostoolkit-slack",
    "chaosspring": "chaostoolkit-spring",
    "chaostoxi": "chaostoolkit-toxiproxy",
    "chaostracing": "chaostoolkit-opentracing",
}
"""Where the modules of Chaos Toolkit's extensions come from."""

_NOT_THE_DRILLS = re.compile(
    r"--(kubeconfig|context|server|kube-context|kube-apiserver)(?![\w-])|\bKUBECONFIG=|\.kube/config"
)
"""How the arguments of a program would lead it to another cluster."""

_SHORT = {"kubectl": "-s", "oc": "-s"}
"""The same as --server, in one letter."""

_DRILLS_OWN = "the drill gives each activity its cluster and its identity; none may be named here"


def flaws(action: Mapping[str, Any]) -> list[Flaw]:
    """Return what is wrong with an action that has `type`, `name` and a `provider`, a mapping."""
    provider = action["provider"]
    kind = provider.get("type")
    if not isinstance(kind, str) or kind not in _KEYS:
        said = f'unknown provider type "{shown(kind)}"' if "type" in provider else "needs a type"
        where = ("provider", "type") if "type" in provider else ("provider",)
        return [Flaw(where, f"provider: {said}{did_you_mean(str(kind), _KEYS)}")]
    found = [*_unknown_keys(provider, kind), *_CHECKS[kind](provider)]
    return found or _of_chaos_toolkit(action)


def _of_chaos_toolkit(action: Mapping[str, Any]) -> list[Flaw]:
    """Return what Chaos Toolkit's own validation says, which has the last word."""
    from chaoslib.activity import ensure_activity_is_valid
    from chaoslib.exceptions import ChaosException

    try:
        ensure_activity_is_valid(dict(action))
    except (ChaosException, TypeError, ValueError) as error:
        return [Flaw(("provider",), f"Chaos Toolkit refuses it: {error}")]
    return []


def _unknown_keys(provider: ActivityProvider, kind: str) -> Iterator[Flaw]:
    for key in provider:
        if key in {"secrets", "configuration"}:
            yield Flaw(("provider", key), f"provider.{key}: {_DRILLS_OWN}")
        elif key not in _KEYS[kind]:
            near = did_you_mean(str(key), _KEYS[kind])
            yield Flaw(("provider", key), f'a {kind} provider has no key "{shown(key)}"{near}')


def _text(provider: ActivityProvider, key: str, kind: str, example: str) -> list[Flaw]:
    """Return a flaw unless the provider has a text under that key."""
    if key not in provider:
        return [Flaw(("provider",), f"a {kind} provider needs {key}, such as {example}")]
    if not isinstance(provider[key], str) or not provider[key]:
        return [Flaw(("provider", key), f"{key} must be text, not {describe(provider[key])}")]
    return []


def _python(provider: ActivityProvider) -> list[Flaw]:
    wrong = [
        *_text(provider, "module", "python", "chaosk8s.pod.actions"),
        *_text(provider, "func", "python", "terminate_pods"),
    ]
    if "module" in provider and not any(flaw.where[-1] == "module" for flaw in wrong):
        module = _imported(provider["module"])
        if isinstance(module, Flaw):
            return [*wrong, module]
        if not wrong:
            return _called(provider, module)
        known = did_you_mean("", _functions(module))
        return [flaw._replace(why=f"{flaw.why}{known}") for flaw in wrong]
    return wrong


def _imported(name: str) -> ModuleType | Flaw:
    where = ("provider", "module")
    if name.partition(".")[0] == "kubedrill":
        why = "kubedrill's own faults are named by themselves, such as etcd.kill: {member: leader}"
        return Flaw(where, why)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(f"{missing}."):
            return Flaw(where, f'no module "{shown(name)}"{_what_would_work(name, missing)}')
        return Flaw(
            where, f'{shown(name)} needs the module "{shown(missing)}", which is not installed'
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code
        return Flaw(
            where, f"{shown(name)} cannot be imported: {type(error).__name__}: {shown(error)}"
        )


def _what_would_work(name: str, missing: str) -> str:
    """Say what to install, or what the module may be called, of which the part `missing` is not there."""
    package, dot, _ = missing.rpartition(".")
    if not dot:
        if missing in _PACKAGES:
            return f"; it comes with an extension: pip install {_PACKAGES[missing]}"
        here = [module.name for module in pkgutil.iter_modules() if module.name.startswith("chaos")]
        return f'; "{shown(missing)}" is not installed{did_you_mean(missing, here)}'
    paths = getattr(importlib.import_module(package), "__path__", ())
    below = [module.name for module in pkgutil.walk_packages(paths, f"{package}.")]
    return did_you_mean(name, below)


def _functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return what Chaos Toolkit may call of a module; those that are meant for it, if it says which."""
    found = inspect.getmembers(module, inspect.isroutine)
    return {
        name: routine
        for name, routine in found
        if not name.startswith("_") and name in getattr(module, "__all__", [name])
    }


def _called(provider: ActivityProvider, module: ModuleType) -> list[Flaw]:
    name = provider["func"]
    function = getattr(module, name, None)
    if not inspect.isfunction(function) and not inspect.isbuiltin(function):
        near = did_you_mean(name, _functions(module))
        return [
            Flaw(("provider", "func"), f'{module.__name__} has no function "{shown(name)}"{near}')
        ]
    given = provider.get("arguments", {})
    if not isinstance(given, dict):
        why = f"arguments must be a mapping, not {describe(given)}"
        return [Flaw(("provider", "arguments"), why)]
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:
        return []  # a builtin that does not say
    return list(_arguments(name, given, parameters))


def _arguments(
    function: str, given: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> Iterator[Flaw]:
    kinds = {parameter.kind for parameter in parameters.values()}
    own = {"secrets", "configuration"}  # Chaos Toolkit gives them, and we give none
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind in named and name not in own
    }
    for name in given:
        where = ("provider", "arguments", name)
        if name in own:
            yield Flaw(where, f"arguments.{name}: {_DRILLS_OWN}")
        elif name not in known and inspect.Parameter.VAR_KEYWORD not in kinds:
            near = did_you_mean(str(name), known) or "; it takes none"
            yield Flaw(where, f'{function} has no argument "{shown(name)}"{near}')
    around: Location = ("provider", "arguments") if given else ("provider",)
    for name, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and name not in given:
            yield Flaw(around, f'{function} needs the argument "{name}"')


def _process(provider: ActivityProvider) -> list[Flaw]:
    if wrong := [*_text(provider, "path", "process", "kubectl"), *_timeout(provider)]:
        return wrong
    path, given = provider["path"], provider.get("arguments", [])
    if shutil.which(path) is None:
        near = did_you_mean(path, _programs()) if os.sep not in path else ""
        why = f'no program "{shown(path)}"{near if "did you mean" in near else " that can be executed"}'
        return [Flaw(("provider", "path"), why)]
    if not isinstance(given, str | list | dict):
        why = f"arguments must be text, a list or a mapping, not {describe(given)}"
        return [Flaw(("provider", "arguments"), why)]
    if named := _another_cluster(path, given):
        return [Flaw(("provider", "arguments"), f"arguments: {named}: {_DRILLS_OWN}")]
    return []


def _another_cluster(path: str, given: str | list[Any] | dict[str, Any]) -> str:
    """Return what of a program's arguments would lead it to another cluster; or ""."""
    if named := _NOT_THE_DRILLS.search(f"{path} {json.dumps(given)}"):
        return named.group()
    short = _SHORT.get(Path(path).name)
    words = given.split() if isinstance(given, str) else [*map(str, given)]
    own = itertools.takewhile(lambda word: word != "--", words)  # what follows is another program's
    return short if short and any(word.startswith(short) for word in own) else ""


def _programs() -> Iterable[str]:
    for folder in os.get_exec_path():
        if Path(folder).is_dir():
            yield from (program.name for program in Path(folder).iterdir())


def _http(provider: ActivityProvider) -> list[Flaw]:
    if wrong := [*_text(provider, "url", "http", "http://127.0.0.1:80/"), *_timeout(provider)]:
        return wrong
    if not provider["url"].startswith(("http://", "https://")):
        why = f"url must begin with http:// or https://, not {describe(provider['url'])}"
        return [Flaw(("provider", "url"), why)]
    headers = provider.get("headers") or {}
    if not isinstance(headers, dict) or not all(
        isinstance(value, str) for value in headers.values()
    ):
        return [Flaw(("provider", "headers"), "headers must be a mapping of names to text")]
    return []


def _timeout(provider: ActivityProvider) -> list[Flaw]:
    given = provider.get("timeout")
    # Of a request, that of the connection and that of the answer may be told apart.
    values: list[Any] = given if isinstance(given, list) and provider["type"] == "http" else [given]
    if given is None or all(type(seconds) in {int, float} and seconds > 0 for seconds in values):
        return []
    return [Flaw(("provider", "timeout"), f"timeout must be seconds, not {describe(given)}")]


_CHECKS: dict[str, Callable[[ActivityProvider], list[Flaw]]] = {
    "python": _python,
    "process": _process,
    "http": _http,
}


def main() -> None:
    """Print the flaws of the activities on stdin, in a line that no import can have printed before."""
    answer = [flaws(action) for action in json.load(sys.stdin)]
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
    sys.stdout.flush()
    os._exit(0)  # what an import has left behind neither prints after it, nor keeps us


if __name__ == "__main__":
    main()
