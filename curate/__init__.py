"""curate decides which prompt-completion pairs deserve a person's time."""

__version__ = "0.1.0"
