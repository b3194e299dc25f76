"""What pytest must not import: two files that run inside the embedded server's environment."""

collect_ignore = ["curate/review/server/engine.py", "curate/review/server/launch.py"]
