"""A real Argilla of one's own: no Docker, no Elasticsearch, no Redis to install.

In goes a folder (`~/.curate` by default); out comes a `Server`: where it answers, and the
owner's password and API key. `argilla-server` runs in a virtual environment of its own,
over SQLite, with a search engine that asks Argilla's own tables (`engine.py`) and a
Redis-protocol server from a wheel, all on this machine alone. For one team on one machine;
production is Argilla's own stack.

    server = up()
    client = argilla.Argilla(api_url=server.url, api_key=server.api_key)
"""

from curate.review.server.lifecycle import Server, down, status, up

__all__ = ["Server", "down", "status", "up"]
