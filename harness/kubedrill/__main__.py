"""`python -m kubedrill`."""

from kubedrill.cli import main

main()
