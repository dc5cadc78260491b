"""Provider `kind`: nodes as containers of this machine, made by kind, or one of its that is up."""

from kubedrill.cluster.tool_made import ToolMade

PROVIDER = ToolMade("kind")
