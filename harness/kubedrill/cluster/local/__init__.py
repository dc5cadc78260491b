"""Provider `local`: upstream binaries as plain processes, three zones on one machine."""
