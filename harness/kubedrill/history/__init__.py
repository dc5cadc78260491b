"""History: all runs below a reports folder, as tables, as a page, and for a Prometheus."""
