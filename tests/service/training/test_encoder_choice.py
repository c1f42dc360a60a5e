"""Which text encoder a catalogue has."""

import polars as pl
import pytest

from daybreak.encoders import DEFAULT_MODEL, MULTILINGUAL_MODEL
from daybreak.service.training import encoder_choice
from daybreak.service.training.catalogue_language import is_english

CATALOGUES = {
    "English titles": ("RED RETROSPOT CAKE STAND", "JAM MAKING SET", "CAFÉ DOORMAT"),
    "English texts": ("The curious case of a dog", "Songs for those who are tired"),
    "codes": ("AX-100", "BX 20", "7/8"),
    "German": ("Tasse mit rotem Henkel", "Die schönsten Wanderungen für Familien"),
    "French": ("Bougie parfumée à la vanille", "Nappe pour la table du jardin"),
    "Spanish": ("Enfermera de urgencias", "Profesora para el turno de noche"),
    "Portuguese": ("Caneca com alça vermelha", "Toalha de mesa para o jardim"),
    "Italian": ("Tazza con manico rosso", "Libri per i bambini della scuola"),
    "Polish": ("Kubek z czerwonym uchem", "Książki dla dzieci"),
    "Turkish": ("Kırmızı saplı fincan", "Çocuklar için kitaplar"),
    "Chinese": ("红色茶杯", "给孩子的书"),
    "Russian": ("Красная чашка", "Книги для детей"),
}
ENGLISH = {"English titles", "English texts", "codes"}


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_that_is_not_english_takes_the_multilingual_encoder(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first encoder that is tried is that of the language; the other one is the second."""
    tried: list[str] = []

    def refuse(model: str) -> None:
        tried.append(model)
        raise encoder_choice.NotFoundError(f"{model} is not installed")

    monkeypatch.setattr(encoder_choice, "load_encoder", refuse)
    titles = CATALOGUES[name]
    items = pl.DataFrame({"item_id": [f"i{i}" for i in range(len(titles))], "title": titles})
    choice = encoder_choice.choose_encoder("auto", items)
    expected = [DEFAULT_MODEL, MULTILINGUAL_MODEL]
    assert tried == (expected if name in ENGLISH else expected[::-1])
    assert choice.encoder is None
    assert "words and attributes only" in choice.notes[-1]


def test_borrowed_words_do_not_make_a_catalogue_foreign() -> None:
    """A few accents among many English words are names and borrowed words."""
    text = " ".join(["the cup of tea with a lid"] * 40 + ["crème brûlée", "La Paz"])
    assert is_english(text)
    assert is_english("")
