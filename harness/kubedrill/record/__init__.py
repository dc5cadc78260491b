"""The data types that stages share, and the files they are kept in. Imports no stage."""
