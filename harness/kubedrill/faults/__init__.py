"""Stage: break something and undo it; one component a file, inject beside undo."""
