import numpy as np
import pytest

from daybreak.models.adversarial import AdversarialModel
from daybreak.models.shared_fold_in import FoldInModel
from daybreak.models.shared_generative import encode_conditions
from daybreak.testing.models import MODEL_CHECKS
from tests.models.tiny import ask, items, random_dataset

torch = pytest.importorskip("torch")

from daybreak.nets.adversarial import AdversarialNet  # noqa: E402 - torch comes first

SMALL = {"dim": 6, "directions": 5, "hidden": 8, "epochs": 3}


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_contract(check):
    check(AdversarialModel(**SMALL))


def test_numpy_scores_what_torch_does():
    data = random_dataset(dim=5)
    model = AdversarialModel(**SMALL).fit(data)
    state = shaken(model.state)
    new = items(4, np.random.default_rng(3).standard_normal((4, 5)), first=90)
    asked = ask(data, [0], [1, 2, 3])
    net = AdversarialNet(11, 6, model.config).eval()
    net.load_arrays(vars(state))
    told = torch.from_numpy(encode_conditions(state, new))
    people = torch.from_numpy(FoldInModel.query_vectors(model, asked))
    with torch.no_grad():
        made = (net.generate(told) + told[:, 5:]) * state.scale + torch.from_numpy(state.centre)
        wanted = net.scores(people, made)
    np.testing.assert_allclose(model.score(asked, new), wanted, rtol=1e-4, atol=1e-5)


def shaken(state):
    """Move all weights, so that none of them is what it was at the start."""
    rng = np.random.default_rng(0)
    for name in ("first", "first_bias", "second", "second_bias", "people", "items"):
        weights = getattr(state, name)
        weights += 0.1 * rng.standard_normal(weights.shape).astype(np.float32)
    return state


def test_new_items_reach_who_likes_their_kind():
    """Two kinds are liked equally often, so popularity cannot tell."""
    data, new = two_kinds()
    model = AdversarialModel(dim=8, directions=2, hidden=16, epochs=10).fit(data)
    scores = model.score(ask(data, [0, 2, 4]), new)[0]
    assert scores[0::2].min() > scores[1::2].max()


def two_kinds():
    rng = np.random.default_rng(0)
    kind, taste = np.arange(60) % 2, np.arange(80) % 2
    chosen = (kind[:50] == taste[:, None]) & (rng.random((80, 50)) < 0.3)
    told = np.stack([kind, 1 - kind], axis=1) + 0.1 * rng.standard_normal((60, 2))
    catalogue = items(60, told)
    user, item = np.nonzero(chosen)
    data = random_dataset(dim=2)
    events = type(data.events).of(user, item, np.zeros(len(user)))
    return type(data)(catalogue, events, 80), catalogue.take(np.arange(50, 60))
