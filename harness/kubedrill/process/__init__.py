"""How the processes of a drill start, begin together, and end together. Imports no stage."""
