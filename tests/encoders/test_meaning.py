import numpy as np

from daybreak.encoders.content import CentredTextEncoder
from daybreak.testing.encoders import CountingEncoder


def test_the_mean_of_what_is_said_is_taken_away():
    """One word a text, two texts: each is half the difference from the other."""
    _, rows = CentredTextEncoder.fit_transform(CountingEncoder(), ["red", "tea", ""])
    assert np.allclose(rows[0], -rows[1])
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 1, 0])


def test_new_texts_are_seen_from_the_old_mean():
    fitted, rows = CentredTextEncoder.fit_transform(
        CountingEncoder(), ["red", "tea", "red tea"]
    )
    assert np.array_equal(fitted.transform(["tea"])[0], rows[1])
    assert not fitted.transform([" "]).any()


def test_without_any_text_the_mean_is_zero():
    fitted, rows = CentredTextEncoder.fit_transform(CountingEncoder(), ["", " "])
    assert not fitted.mean.any()
    assert not rows.any()
