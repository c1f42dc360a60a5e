import pytest

from daybreak.config import Settings, build_settings, resolve_settings
from daybreak.errors import ConfigError


def test_an_empty_variable_counts_as_not_given(tmp_path):
    found = build_settings(resolve_settings({}, {"DAYBREAK_STORE": ""}, tmp_path / "none.toml"))
    assert found == Settings()


@pytest.mark.parametrize("value", ["many", "-1", "1.5"])
def test_a_number_that_is_none_is_refused_with_its_origin(value, tmp_path):
    with pytest.raises(ConfigError, match=r"k must be a whole .* \(environment DAYBREAK_K\)"):
        resolve_settings({}, {"DAYBREAK_K": value}, tmp_path / "none.toml")


@pytest.mark.parametrize("text", ["k = 2.5", "k = true", "store = 3"])
def test_a_value_of_another_kind_is_refused(text, tmp_path):
    file = tmp_path / "daybreak.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"\(file daybreak.toml\)"):
        resolve_settings({}, {}, file)


def test_a_file_that_is_no_toml_is_named(tmp_path):
    file = tmp_path / "daybreak.toml"
    file.write_text("k : 3")
    with pytest.raises(ConfigError, match=r"daybreak\.toml cannot be read"):
        resolve_settings({}, {}, file)
