import re

import pytest
import yaml
from pydantic import BaseModel

from curate.config import Config, MemberConfig, load, presets, read_preset
from curate.errors import ConfigError

MINIMAL = "ingest: {paths: [logs.jsonl]}\n"


def write(tmp_path, text):
    path = tmp_path / "curate.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def keys(model: type[BaseModel], before: str = "") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= keys(inner, f"{before}{name}.")
        else:
            found.add(f"{before}{name}")
    return found


_TABLES = {
    "ingest.columns",
    "clean.checks",
    "clean.thresholds",
    "select.mix",
    "export.splits",
    "budget.prices",
}


def flat(tree: dict, before: str = "") -> set[str]:
    found = set()
    for name, value in tree.items():
        path = f"{before}{name}"
        leaf = not isinstance(value, dict) or path in _TABLES
        found |= {path} if leaf else flat(value, f"{path}.")
    return found


def test_a_minimal_file_keeps_the_defaults(tmp_path):
    config = load(write(tmp_path, MINIMAL))
    assert config.select.random_share == 0.1
    assert config.embed.encoder == "minilm"


@pytest.mark.parametrize("name", presets())
def test_a_preset_loads_and_says_nothing_but_defaults_and_its_task(tmp_path, name):
    config = load(write(tmp_path, read_preset(name)))
    assert config.select.random_share == Config.model_fields["select"].default.random_share


def test_the_presets_together_explain_every_key():
    explained = set()
    for name in presets():
        explained |= flat(yaml.safe_load(read_preset(name)))
    assert keys(Config) <= explained


@pytest.mark.parametrize("name", presets())
def test_every_line_of_a_preset_with_a_value_has_its_comment(name):
    bare = [
        line
        for line in read_preset(name).splitlines()
        if re.match(r"\s+\w+: \S", line) and "#" not in line
    ]
    assert all(
        line.split(":")[0].strip() in {"workspace", "annotators", "title", "formats", "files"}
        for line in bare
    )


def test_an_unknown_key_names_the_nearest_known(tmp_path):
    path = write(tmp_path, MINIMAL + "select: {random_shar: 0.2}\n")
    with pytest.raises(
        ConfigError, match=r"unknown key `select.random_shar`; did you mean `random_share`"
    ):
        load(path)


def test_an_unknown_key_of_a_member_names_the_nearest_known(tmp_path):
    text = MINIMAL + "score: {answer: {entailment: {model: m, base_ulr: http://127.0.0.1/v1}}}\n"
    with pytest.raises(ConfigError, match="did you mean `base_url`"):
        load(write(tmp_path, text))


def test_an_address_is_the_same_with_a_slash_at_its_end():
    with_, without = (
        MemberConfig(model="m", base_url=url) for url in ("http://a/v1/", "http://a/v1")
    )
    assert with_.address == without.address


def test_an_engines_address_tells_what_can_change_its_answers():
    def address(**engine):
        return MemberConfig(model="m", client="vllm", engine=engine).address

    assert address() == address(gpu_memory_utilization=0.2) == "vllm:"
    assert address(dtype="half") != address(dtype="float32")


def test_a_folder_is_told_the_name_of_its_file(tmp_path):
    with pytest.raises(ConfigError, match=r"is a folder; name its file: .*curate\.yaml"):
        load(tmp_path)


def test_an_unknown_section_names_the_nearest_known(tmp_path):
    with pytest.raises(ConfigError, match=r"`selct`; did you mean `select`"):
        load(write(tmp_path, MINIMAL + "selct: {}\n"))


def test_an_unknown_key_inside_a_nested_section_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"`select.budget.item`; did you mean `items`"):
        load(write(tmp_path, MINIMAL + "select: {budget: {item: 3}}\n"))


def test_a_value_that_does_not_fit_names_its_key(tmp_path):
    with pytest.raises(ConfigError, match=r"`select.random_share`: .*less than or equal to 1"):
        load(write(tmp_path, MINIMAL + "select: {random_share: 7}\n"))


def test_a_pattern_extractor_wants_a_pattern(tmp_path):
    with pytest.raises(ConfigError, match="needs `pattern:`"):
        load(write(tmp_path, MINIMAL + "score: {answer: {extract: pattern}}\n"))


def test_split_shares_add_up_to_one(tmp_path):
    with pytest.raises(ConfigError, match=r"add up to 0\.8, not 1"):
        load(write(tmp_path, MINIMAL + "export: {splits: {train: 0.7, test: 0.1}}\n"))


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match=r"no such file; write one with: curate init"):
        load(tmp_path / "curate.yaml")


def test_broken_yaml_says_where(tmp_path):
    with pytest.raises(ConfigError, match=r"not valid YAML.*line 2"):
        load(write(tmp_path, "ingest: {paths: [a]\nselect: ["))


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="expected sections"):
        load(write(tmp_path, "- a\n"))


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'preference_pairs'"):
        read_preset("preference_pair")


def test_a_preset_name_cannot_leave_its_folder():
    with pytest.raises(ConfigError, match="no preset"):
        read_preset("../config")


_MODELS = ("generate.members",)


def test_a_preset_says_the_defaults_but_for_its_task_and_names():
    for name in presets():
        said = Config.model_validate(yaml.safe_load(read_preset(name)))
        plain = Config(ingest=said.ingest).model_dump()
        told = said.model_dump()
        for path in ("project.name", "project.task", "export.formats", "push.overlap", *_MODELS):
            section, key = path.split(".")
            plain[section].pop(key), told[section].pop(key)
        assert told == plain, name
