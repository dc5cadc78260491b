"""Provider `k3d`: servers of k3s as containers of this machine, made by k3d, or one of its that is up."""

from kubedrill.cluster.tool_made import ToolMade

PROVIDER = ToolMade("k3d")
