from tests.argilla_fixture import argilla

__all__ = ["argilla"]
