from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from daybreak import Recommender
from daybreak.data.common_terms import CommonTerms
from daybreak.data.dataset import ContentBlock
from daybreak.models.profile_match import ProfileMatchModel
from tests.models.tiny import ask, dataset, unit

JOBS = {"nurse": ("care", "shift"), "welder": ("steel", "safety"), "coder": ("java", "linux")}


def shop(n_pairs=2):
    """Four items with terms 0, 0 and 1, 1, none; profile columns 1 and 2 are these terms."""
    terms = sp.csr_array(unit([[1, 0], [1, 1], [0, 1], [0, 0]]))
    data = dataset([[0], [1]], 4, profiles=np.zeros((2, 3)))
    blocks = (ContentBlock("attributes", terms),)
    pairs = [(1, 0), (2, 1)][:n_pairs]
    return replace(
        data, items=replace(data.items, blocks=blocks), common_terms=CommonTerms.of(pairs)
    )


def test_the_score_is_the_share_of_what_the_profile_names_by_hand():
    """Each term is on two of four items and as rare as the other: half of the profile each."""
    data = shop()
    model = ProfileMatchModel().fit(data)
    np.testing.assert_allclose(model.state.rarity, np.log([2, 2]), rtol=1e-6)
    both, one, none = [0, 1, 1], [1, 1, 0], [1, 0, 0]
    asked = ask(data, [], [], [], profiles=[both, one, none])
    wanted = [[0.5, 1, 0.5, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(model.score(asked, data.items), wanted, atol=1e-6)
    assert model.feature_names({"attributes": ("a", "b")}) == [
        ("attribute", "a"),
        ("attribute", "b"),
    ]


def test_without_common_terms_all_items_are_equal():
    data = shop(n_pairs=0)
    scores = ProfileMatchModel().fit(data).score(ask(data, [0]), data.items)
    np.testing.assert_array_equal(scores, np.zeros((1, 4)))


def job_board(n_applicants, column):
    """Jobs with skills, people with skills, and one or two applications of some of them."""
    rng = np.random.default_rng(0)
    titles = [title for title in JOBS for _ in range(12)]
    jobs = pl.DataFrame(
        {
            "item_id": [f"j{n}" for n in range(len(titles))],
            "title": titles,
            "skills": [";".join(rng.permutation(JOBS[title])) for title in titles],
        }
    )
    wanted = [list(JOBS)[n % 3] for n in range(60)]
    people = pl.DataFrame(
        {
            "user_id": [f"p{n}" for n in range(60)],
            column: [";".join(rng.permutation(JOBS[title])) for title in wanted],
        }
    )
    rows = [
        {"user_id": f"p{n}", "item_id": f"j{rng.choice(np.flatnonzero(np.array(titles) == t))}"}
        for n, t in enumerate(wanted[:n_applicants])
        for _ in range(rng.integers(1, 3))
    ]
    return jobs, people, pl.DataFrame(rows), wanted


@pytest.mark.parametrize(
    ("n_applicants", "column"), [(3, "skills"), (12, "skills"), (40, "can")]
)
def test_people_without_events_get_the_jobs_that_their_profiles_name(n_applicants, column):
    jobs, people, applications, wanted = job_board(n_applicants, column)
    model = Recommender(encoder="none").fit(applications, items=jobs, users=people)
    title = dict(jobs.select("item_id", "title").iter_rows())
    new = range(57, 60)
    found = model.recommend([f"p{n}" for n in new], k=10)
    for n in new:
        got = found.filter(pl.col("user_id") == f"p{n}")["item_id"]
        assert sum(title[item] == wanted[n] for item in got) >= 7, (n, got.to_list())


def test_a_new_job_is_recommended_for_the_skills_in_a_profile_and_says_so():
    jobs, people, applications, _ = job_board(12, "skills")
    model = Recommender(encoder="none").fit(applications, items=jobs, users=people)
    new = pl.DataFrame({"item_id": ["new"], "title": ["developer"], "skills": ["linux;java"]})
    model.add_items(new)
    profile = pl.DataFrame({"user_id": ["me"], "skills": ["java;linux"]})
    found = model.recommend(profiles=profile, k=15, explain=True)
    row = found.row(by_predicate=pl.col("item_id") == "new", named=True)
    assert row["strategy"] == "profile/match"
    assert {"skills=java", "skills=linux"} <= {one["name"] for one in row["reasons"]}


def test_a_profile_may_name_what_no_user_has_named_so_far():
    jobs, people, applications, wanted = job_board(12, "skills")
    others = {f"p{n}" for n, title in enumerate(wanted) if title != "nurse"}
    kept = [frame.filter(pl.col("user_id").is_in(others)) for frame in (applications, people)]
    model = Recommender(encoder="none").fit(kept[0], items=jobs, users=kept[1])
    nurse = pl.DataFrame({"user_id": ["me"], "skills": ["care"]})
    found = model.recommend(profiles=nurse, k=10)["item_id"]
    title = dict(jobs.select("item_id", "title").iter_rows())
    assert sum(title[item] == "nurse" for item in found) >= 7, found.to_list()


def test_in_a_network_nobody_is_matched_by_likeness_to_himself():
    """Twenty people with a gender, each of whom likes three of the other one."""
    names = [f"p{n}" for n in range(20)]
    people = pl.DataFrame({"user_id": names, "gender": ["f", "m"] * 10})
    likes = pl.DataFrame(
        {
            "user_id": [names[n] for n in range(20) for _ in range(3)],
            "item_id": [names[(n + step) % 20] for n in range(20) for step in (1, 3, 5)],
        }
    )
    items = people.rename({"user_id": "item_id"})
    model = Recommender(encoder="none").fit(likes, items=items, users=people)
    assert "profile/match" not in model.report["candidates"]
