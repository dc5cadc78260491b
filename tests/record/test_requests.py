"""Who asks, of the header that says so."""

import pytest

from kubedrill.record.requests import agent_of

KUBERNETES = "(linux/amd64) kubernetes/0123abc"


@pytest.mark.parametrize(
    ("said", "agent"),
    [
        ("kubedrill-node", "kubedrill-node"),
        ("kubelet/v1.37.2 (linux/amd64) kubernetes/0123abc", "kubelet"),
        (
            f"kube-controller-manager/v1.37.2 {KUBERNETES}/system:serviceaccount:kube-system:job-controller",
            "kube-controller-manager/job-controller",
        ),
        (f"kube-scheduler/v1.37.2 {KUBERNETES}/leader-election", "kube-scheduler/leader-election"),
        ("curl/8.0.1", "curl"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Mozilla"),
        ("my agent", "my"),
        ("", "-"),
    ],
)
def test_it_is_the_program_and_what_it_is_for(said: str, agent: str) -> None:
    assert agent_of(said) == agent
