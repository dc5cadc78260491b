"""`python -m kubedrill.faults --run RUN`: the faults process.

Apart from `play`, which chaoslib imports by its name: its `until` must be the one that knows the clock.
"""

import sys

from kubedrill.faults.play import main

sys.exit(main())
