import pytest

from curate.errors import ConfigError, MissingExtraError
from curate.registry import Registry


def test_an_entry_is_imported_when_it_is_first_asked_for():
    readers = Registry[type]("reader", {"ordered": "collections:OrderedDict"})
    assert list(readers) == ["ordered"] and "ordered" in readers
    assert readers.get("ordered") is readers.get("ordered")


def test_a_miss_lists_the_names_and_the_nearest():
    readers = Registry[type]("reader", {"alpaca": "a:b", "sharegpt": "c:d"})
    with pytest.raises(ConfigError, match=r"did you mean 'alpaca'\? Known: alpaca, sharegpt"):
        readers.get("alpacca")


def test_a_missing_package_comes_with_its_install_line():
    engines = Registry[type]("engine", {"far": "no_such_package_at_all:Engine"}, {"far": "distant"})
    with pytest.raises(MissingExtraError, match=r"pip install 'curate-llm\[distant\]'"):
        engines.get("far")


def test_a_package_of_ours_that_is_broken_is_not_called_an_extra():
    engines = Registry[type]("engine", {"far": "no_such_package_at_all:Engine"})
    with pytest.raises(ModuleNotFoundError):
        engines.get("far")


def test_an_object_of_ones_own_can_be_added():
    kinds = Registry[type]("kind", {})
    kinds.add("mine", dict)
    assert kinds.get("mine") is dict
