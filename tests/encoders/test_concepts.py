"""Genres and audiences that sentences ask for in other words."""

import polars as pl
import pytest

from daybreak.encoders.clauses import drop_small_talk
from daybreak.encoders.concept_words import concept_groups
from daybreak.encoders.concepts import ConceptTerms, concept_vocabulary, find_concepts
from daybreak.encoders.content import ATTRIBUTES, WORDS, ContentEncoder

GENRES = [
    "Comedy",
    "Horror",
    "Children's",
    "Sci-Fi",
    "Western",
    "Romance",
    "War",
    "Crime|Drama",
]
CONCEPTS = ConceptTerms.of({f"genre={genre}": 1 for genre in "|".join(GENRES).split("|")})


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("please make me laugh", ["Comedy"]),
        ("nothing SCARY", ["Horror"]),
        ("for my daughter", ["Children's"]),
        ("历史和战争", ["War"]),
        ("ein lustiger Krimi", ["Comedy", "Crime"]),
        ("películas oeste", ["Western"]),
        ("eine Liebesgeschichte", ["Romance"]),
        ("一部搞笑的科幻", ["Comedy", "Sci-Fi"]),
        ("laughable lamps", []),
        ("a warm lamp", []),
    ],
)
def test_genres_by_hand(text, genres):
    assert CONCEPTS.find(text) == [f"genre={genre}" for genre in genres]


@pytest.mark.parametrize(
    "text", ["blood", "anything violent", "Gewalt", "violencia", "血腥", "murders"]
)
def test_what_is_violent_rules_out_genres_and_asks_for_none_beside_a_topic(text):
    """A violent film about farms is about farms; nothing violent is no horror film."""
    ruled_out = CONCEPTS.find(text, is_ruled_out=True)
    assert ruled_out == ["genre=Horror", "genre=War", "genre=Crime"]
    assert CONCEPTS.find(f"{text} farm") == []


@pytest.mark.parametrize("text", ["violent", "something brutal", "Gewalt", "血腥"])
def test_violence_alone_asks_for_genres(text):
    assert CONCEPTS.find(text) == ["genre=Horror", "genre=War", "genre=Crime"]
    assert CONCEPTS.find("murders") == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("music for studying", ["tags=ambient", "tags=instrumental"]),
        ("musik zum Einschlafen", ["tags=ambient", "tags=instrumental"]),
        ("古典音乐", ["tags=classical"]),
        ("a male singer", ["tags=male vocalists"]),
        ("jazz", ["tags=jazz"]),
        ("uplifting", ["tags=comedy"]),
        ("un film d'amour", ["tags=romance"]),
    ],
)
def test_music_and_moods_by_hand(text, wanted):
    shares = {"ambient": 9, "instrumental": 8, "classical": 1, "male vocalists": 1, "jazz": 9}
    tags = shares | {"comedy": 1, "romance": 1}
    assert ConceptTerms.of({f"tags={tag}": n for tag, n in tags.items()}).find(text) == wanted


def test_a_name_that_is_no_word_of_asking_is_a_value():
    assert ConceptTerms.of({"genre=Family": 10}).find("for my kids") == ["genre=Family"]


def test_a_value_of_several_names_belongs_to_each_of_their_groups():
    concepts = ConceptTerms.of({"shelf=Sci-Fi & Fantasy": 1})
    assert concepts.find("dragons") == concepts.find("futuristic") == ["shelf=Sci-Fi & Fantasy"]


def test_a_rare_value_beside_a_frequent_one_of_its_group_is_left_out():
    concepts = ConceptTerms.of({"genre=comedy": 100, "genre=parody": 25, "genre=satire": 24})
    assert concepts.find("funny") == ["genre=comedy", "genre=parody"]


def test_a_catalogue_without_genres_has_no_concepts():
    assert ConceptTerms.of({"colour=red": 1}).find("please make me laugh") == []


def test_all_words_of_all_groups_are_found():
    for number, (_, words) in enumerate(concept_groups()):
        assert all(number in find_concepts(word) for word in words)


def test_a_sentence_has_the_attributes_that_it_names_in_other_words():
    films = pl.DataFrame(
        {
            "item_id": [str(n) for n in range(8)],
            "title": [f"film {n}" for n in range(8)],
            "genres": ["Comedy|War", "Comedy", "War", "Horror"] * 2,
        }
    )
    content = ContentEncoder.fit(films)
    said, named = (
        next(one.matrix for one in content.texts([text]) if one.name == ATTRIBUTES)
        for text in ("something hilarious", "comedy")
    )
    assert said.nnz == 1
    assert (said != named).nnz == 0


def test_other_values_are_left_out_where_many_items_have_the_one_that_is_named():
    """Eight items of a hundred are enough for a list, seven are not."""
    for n_named, wanted in ((8, []), (7, ["genre=horror"])):
        concepts = ConceptTerms.of({"genre=horror": 100, "tags=恐怖": n_named})
        assert concepts.find("恐怖的动画", named=["tags=恐怖"]) == wanted
        assert concepts.find("恐怖的动画", named=["tags=动画"]) == ["genre=horror"]


@pytest.mark.parametrize(
    "text", ["Toy Story", "a bedtime story", "falling leaves", "for girls", "boys"]
)
def test_parts_of_phrases_with_love_ask_for_no_romance(text):
    genres = ConceptTerms.of({"genre=Romance": 5, "genre=Yuri": 5, "genre=Boys Love": 5})
    assert genres.find(text) == []


@pytest.mark.parametrize("text", ["I would like a love story", "films about falling in love"])
def test_love_as_what_is_looked_for_asks_for_romances(text):
    genres = ConceptTerms.of({"genre=Romance": 5, "genre=Drama": 5})
    assert genres.find(drop_small_talk(text)) == ["genre=Romance"]


def test_words_of_phrases_are_known_to_the_correction_of_typing_errors():
    assert {"ganze", "familie"} <= set(concept_vocabulary())


def test_a_mood_is_no_word_of_titles_where_it_asks_for_a_category():
    """*Funny Games* is no comedy."""
    films = pl.DataFrame(
        {
            "item_id": list("abcd"),
            "title": ["Funny Games", "Airport", "Funny Girl", "House"],
            "genre": ["Horror", "Comedy", "Comedy", "Horror"],
        }
    )
    content = ContentEncoder.fit(films)
    words, terms = content.block_terms[WORDS], content.block_terms[ATTRIBUTES]

    def asked(text, **options):
        blocks = content.texts([drop_small_talk(text)], **options)
        rows = [block.matrix.toarray()[0] for block in blocks[:2]]
        return [
            {names[n] for n in row.nonzero()[0]}
            for names, row in zip((words, terms), rows, strict=True)
        ]

    comedy = {"genre=comedy"}
    assert asked("something funny") == [set(), comedy]
    assert asked("funny films with a house, an airport") == [{"house", "airport"}, comedy]
    assert asked("a funny film about a house") == [{"house"}, comedy]
    assert "funny" in asked("Funny Girl", are_titles=True)[0]
    shop = ContentEncoder.fit(films.drop("genre"))
    assert "funny" in {
        shop.block_terms[WORDS][n]
        for n in shop.texts(["funny"])[0].matrix.toarray()[0].nonzero()[0]
    }


def test_animation_is_asked_for_in_chinese():
    assert ConceptTerms.of({"genre=Animation": 1}).find("宫崎骏的动画") == ["genre=Animation"]


@pytest.mark.parametrize("text", ["a feel-good film", "cheer me up", "ein Film mit gute Laune"])
def test_words_for_good_mood_ask_for_comedies(text):
    assert ConceptTerms.of({"genre=Comedy": 1.0}).find(text) == ["genre=Comedy"]
