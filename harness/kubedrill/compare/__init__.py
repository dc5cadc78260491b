"""Comparisons: a drill played in several arms that differ in one thing, and what relates their figures."""
