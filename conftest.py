"""What pytest must not import as modules with examples in them.

Two files run inside the embedded server's environment; files of fixtures are loaded already.
"""

collect_ignore = ["curate/review/server/engine.py", "curate/review/server/launch.py"]
collect_ignore_glob = ["*/conftest.py"]
