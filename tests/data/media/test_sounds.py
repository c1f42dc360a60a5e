"""Sounds are kept as features, or refused with one stable code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.media.refusals import RefusedMediaError
from daybreak.data.media.sounds import (
    N_CEPSTRA,
    SOUND_DIM,
    compute_sound_features,
    keep_sound,
    read_kept_sound,
)
from tests.data.media.samples import encode, noise, sound_file, tone

WAV = sound_file(tone())


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_every_format_gives_nearly_the_same_features(format_):
    wav, other = (
        read_kept_sound(keep_sound(sound_file(tone(seconds=2), format_=one)))
        for one in ("WAV", format_)
    )
    hiss = np.random.default_rng(0).normal(0, 0.2, 32_000)
    far = read_kept_sound(keep_sound(sound_file(hiss)))
    assert np.linalg.norm(wav - other) < np.linalg.norm(wav - far) / 2


def test_a_constant_sound_has_neither_deviations_nor_changes():
    found = compute_sound_features(np.zeros(16_000, np.float32), 16_000)
    assert found.shape == (SOUND_DIM,)
    np.testing.assert_allclose(found[N_CEPSTRA:], 0, atol=1e-4)


REFUSED = {
    "no bytes": (b"", "empty"),
    "text": (b"la la la " * 20, "unknown_format"),
    "picture": (encode(noise(), "JPEG"), "unknown_format"),
    "wav cut": (WAV[: len(WAV) // 2], "truncated"),
    "aiff cut": (sound_file(tone(), format_="AIFF")[:-999], "truncated"),
    "header alone": (sound_file(tone(), format_="FLAC")[:30], "damaged"),
    "a click": (sound_file(tone(seconds=0.05)), "too_short"),
    "rate of a telephone of toys": (sound_file(tone(rate=2_000), 2_000), "unknown_format"),
    "twelve channels": (sound_file(np.zeros((16_000, 12))), "unknown_format"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_sound_has_one_code(name):
    data, code = REFUSED[name]
    with pytest.raises(RefusedMediaError) as caught:
        keep_sound(data)
    assert caught.value.media_code == f"sound_{code}"


@given(st.text(max_size=50))
def test_other_texts_are_no_kept_sounds(text):
    assert read_kept_sound(text) is None
    assert read_kept_sound(keep_sound(WAV)[:60] + text) is None
