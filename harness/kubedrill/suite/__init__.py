"""Suites: several drills in their order, with gates between them, one verdict and one report."""
