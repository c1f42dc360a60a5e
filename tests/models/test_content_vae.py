import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events
from daybreak.models.content_vae import ContentVaeModel
from daybreak.models.shared_generative import encode_conditions
from daybreak.testing.models import MODEL_CHECKS
from tests.models.tiny import ask, items, random_dataset

torch = pytest.importorskip("torch")

from daybreak.nets.content_vae import ContentVaeNet  # noqa: E402 - torch comes first
from daybreak.nets.training import torch_seed  # noqa: E402

SMALL = {"dim": 6, "directions": 5, "code": 3, "hidden": 8, "epochs": 3}


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_contract(check):
    check(ContentVaeModel(**SMALL))


def test_numpy_answers_what_torch_does():
    data = random_dataset(dim=5)
    model = ContentVaeModel(**SMALL | {"epochs": 0}).fit(data)
    new = items(4, np.random.default_rng(3).standard_normal((4, 5)), first=90)
    net = network_of(model)
    told = torch.from_numpy(encode_conditions(model.state, new))
    with torch.no_grad():
        mean, log_variance = net.prior(told).chunk(2, dim=1)
        decoded, noise = net.decode(mean, told)
    wanted = (decoded + told[:, 5:]).numpy() * model.state.scale + model.state.centre
    np.testing.assert_allclose(model.item_vectors(new), wanted, atol=1e-5)
    derivatives = torch.stack(
        [
            torch.autograd.functional.jacobian(
                lambda code, c=c: net.decode(code[None], c[None])[0][0], m
            )
            for m, c in zip(mean, told, strict=True)
        ]
    )
    variance = noise.exp() + (derivatives**2 @ log_variance.exp()[:, :, None])[:, :, 0]
    found = model.uncertainty(new)
    np.testing.assert_allclose(found, variance.sqrt().numpy() * model.state.scale, rtol=1e-4)


def network_of(model):
    """The torch network with the weights of a model."""
    state, config = model.state, model.config
    with torch_seed(0):
        net = ContentVaeNet(state.prior_first.shape[0], state.vectors.shape[1], config).eval()
    for name in ("prior", "decoder"):
        for layer in ("first", "second"):
            linear = getattr(getattr(net, name), layer)
            linear.weight.data = torch.from_numpy(getattr(state, f"{name}_{layer}").T.copy())
            linear.bias.data = torch.from_numpy(getattr(state, f"{name}_{layer}_bias"))
    net.noise.data = torch.from_numpy(state.noise)
    return net


def tastes(n_users, n_items, seed=0):
    """Users and items have points in a plane; content tells of those of items, with noise."""
    rng = np.random.default_rng(seed)
    users, places = rng.standard_normal((n_users, 2)), rng.standard_normal((n_items, 2))
    told = places + 0.3 * rng.standard_normal(places.shape)
    content = np.concatenate([np.tanh(told), np.ones((n_items, 1)), 0.2 * told**2], axis=1)
    chance = 0.5 / (1 + np.exp(3 - 3 * users @ places.T))
    return rng.random((n_users, n_items)) < chance, items(n_items, content)


def learned_from(chosen, catalogue, known):
    user, item = np.nonzero(chosen[:, known])
    events = Events.of(user, known[item], np.zeros(len(user)))
    return Dataset(catalogue, events, len(chosen))


def test_new_items_reach_who_likes_their_kind():
    """Among new items of two kinds that are liked equally often, popularity cannot tell."""
    kind, taste = np.arange(60) % 2, np.arange(80) % 2
    rng = np.random.default_rng(0)
    chosen = (kind == taste[:, None]) & (rng.random((80, 60)) < 0.3)
    told = np.stack([kind, 1 - kind], axis=1) + 0.1 * rng.standard_normal((60, 2))
    catalogue = items(60, told)
    data = learned_from(chosen, catalogue, np.arange(50))
    model = ContentVaeModel(dim=8, directions=2, hidden=32, code=4).fit(data)
    fan = ask(data, [0, 2, 4])
    scores = model.score(fan, catalogue.take(np.arange(50, 60)))[0]
    assert scores[0::2].min() > scores[1::2].max()


def test_what_becomes_of_new_items_lies_as_far_off_as_it_says():
    chosen, catalogue = tastes(300, 500)
    known, new = np.arange(400), np.arange(400, 500)
    data = learned_from(chosen, catalogue, known)
    model = ContentVaeModel(dim=2, directions=5, hidden=64, code=8).fit(data)
    arrived = catalogue.take(new)
    off = became(model, data, chosen[data.active_user_rows][:, new]) - model.item_vectors(
        arrived
    )
    wide = model.uncertainty(arrived)
    assert 0.7 < np.mean((off / wide) ** 2) < 1.4
    drawn = np.stack(
        [model.sample(arrived, np.random.default_rng(seed)) for seed in range(300)]
    )
    np.testing.assert_allclose(drawn.std(axis=0), wide, rtol=0.35)


def became(model, data, chosen):
    """The vectors of items that came later, in the directions of the known ones."""
    scale = data.user_counts[:, None] ** model.config.damping
    length = np.sqrt(data.interactions.sum(axis=1))
    damped = model.state.vectors / scale
    people = sp.diags_array(1 / length) @ data.interactions @ (damped / scale)
    return (chosen / length[:, None]).T @ people / (damped**2).sum(axis=0)


def test_items_with_events_are_certain_and_have_their_own_vectors():
    data = random_dataset(dim=5)
    model = ContentVaeModel(**SMALL).fit(data)
    assert not model.uncertainty(data.items).any()
    drawn = model.sample(data.items, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, model.state.vectors)
