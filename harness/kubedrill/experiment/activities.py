"""Check activities of other extensions: what Chaos Toolkit would refuse of them, and what they may do."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubedrill.experiment.settled import ACTIVITY
from kubedrill.reading.problems import Location, Problems, describe
from kubedrill.record.catalogue import Action, Rule
from kubedrill.words import did_you_mean, shown

_KEYS = ("type", "name", "provider")
_ROLES = (ACTIVITY, "rollback")
_LONGEST_NAME = 200
_RULE_KEYS = ("apiGroups", "resources", "resourceNames", "verbs", "nonResourceURLs")


@dataclass(frozen=True)
class ActivityReader:
    """Reads the entries of faults that are activities; what is wrong with them goes to `problems`."""

    known: Mapping[str, Action]
    """What their modules say of actions, by their JSON."""
    problems: Problems

    def read(self, entry: Mapping[str, Any], location: Location) -> dict[str, Any]:
        """Return activity, rollback, and the rights that both need."""
        before = len(self.problems.found)
        if "rollback" not in entry:
            message = "an activity needs a rollback beside it (null if nothing can undo it)"
            self.problems.add(location, message)
        actions = [(role, entry[role]) for role in _ROLES if role in entry]
        for role, action in actions:
            if role == ACTIVITY or action is not None:
                self._check(action, (*location, role))
        given = self._given_rights(entry, location)
        sound = len(self.problems.found) == before
        known = [(role, action) for role, action in actions if action is not None]
        needed = self._needed(known, entry, location) if sound else ()
        rights = [*given, *(rule for rule in needed if rule not in given)]
        return {ACTIVITY: entry[ACTIVITY], "rollback": entry.get("rollback"), "rights": rights}

    def _check(self, action: Any, location: Location) -> None:
        """Check what Chaos Toolkit would refuse, let pass, or honour against our order of events."""
        if not isinstance(action, dict):
            message = f"must be an action of Chaos Toolkit, not {describe(action)}"
            self.problems.add(location, message)
            return
        wrong = list(_wrong_form(action))
        for key, message in wrong:
            self.problems.add((*location, key) if key in action else location, message)
        known = self.known.get(json.dumps(action))
        for flaw in known.flaws if known else ():
            self.problems.add((*location, *flaw.where), flaw.why)

    def _needed(
        self,
        actions: Sequence[tuple[str, Mapping[str, Any]]],
        entry: Mapping[str, Any],
        location: Location,
    ) -> tuple[Rule, ...]:
        """Return the rights that are known to be needed; a problem where they must be said."""
        needed: list[Rule] = []
        for role, action in actions:
            known = self.known.get(json.dumps(action))
            rights = known.rights if known else ()
            if rights is None and "rights" not in entry:
                who = action["provider"].get("module") or action["provider"]["path"]
                message = (
                    f"what {who} must be allowed to do in the cluster is not known: say it beside "
                    "activity, as in rights: [{apiGroups: [apps], resources: [deployments], "
                    "verbs: [patch]}], or rights: [] if nothing"
                )
                self.problems.add((*location, role, "provider"), message)
            needed += rights or ()
        return tuple(needed)

    def _given_rights(self, entry: Mapping[str, Any], location: Location) -> list[Rule]:
        given = entry.get("rights", [])
        around = (*location, "rights")
        if not isinstance(given, list):
            self.problems.add(around, f"rights must be a list of rules, not {describe(given)}")
            return []
        for number, rule in enumerate(given):
            for key, message in _wrong_rule(rule):
                self.problems.add((*around, number, key), message)
        return given


def sound_actions(entries: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the activities and rollbacks of entries of faults, by their JSON, whose own keys are right."""
    found = [entry[role] for entry in entries for role in _ROLES if entry.get(role)]
    return {
        json.dumps(action): action
        for action in found
        if isinstance(action, dict) and not list(_wrong_form(action))
    }


def _wrong_form(action: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an action's own keys, and with which."""
    for key in _KEYS:
        if key not in action:
            yield key, f'a Chaos Toolkit action needs the key "{key}"'
    for key in action:
        if key not in _KEYS:
            yield key, f'"{shown(key)}" is not supported here; type, name and provider are'
    if action.get("type", "action") != "action":
        yield "type", f"type must be action, not {describe(action['type'])}"
    name = action.get("name", "n")
    if not isinstance(name, str) or not name:
        yield "name", f"name must be text, not {describe(name)}"
    elif len(name) > _LONGEST_NAME:
        yield "name", f"name must have at most {_LONGEST_NAME} characters, not {len(name):,}"
    if "${" in json.dumps(action, default=str):
        yield "", "substitution (${...}) is not supported; write the value"
    if not isinstance(action.get("provider", {}), dict):
        yield "provider", "provider must be a mapping"


def _wrong_rule(rule: Any) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a rule of RBAC, and with which of its keys."""
    if not isinstance(rule, dict):
        yield "", f"a right is a mapping such as {{resources: [pods], ...}}, not {describe(rule)}"
        return
    for key, value in rule.items():
        if key not in _RULE_KEYS:
            yield key, f'a right has no key "{shown(key)}"{did_you_mean(str(key), _RULE_KEYS)}'
        elif not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            yield key, f"{shown(key)} must be a list of texts, not {describe(value)}"
    urls = "nonResourceURLs" in rule
    for key in ("verbs", *(() if urls else ("apiGroups", "resources"))):
        if not rule.get(key):
            yield key, f'a right needs the key "{key}", with something in it'
    if urls and {"apiGroups", "resources", "resourceNames"} & rule.keys():
        yield "nonResourceURLs", "nonResourceURLs and resources are rights of their own each"
