"""What people write, read with its lines: YAML, overrides, units, rates; what is wrong with it, in words."""
