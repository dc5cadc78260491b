"""Stage: press the API; Locust runs the profiles, we measure."""
