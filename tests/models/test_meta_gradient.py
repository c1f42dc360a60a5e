import numpy as np
import pytest

from daybreak.models.meta_gradient import MetaGradientModel
from tests.models.test_meta_bayes import camps, hits
from tests.models.tiny import ask, random_dataset

torch = pytest.importorskip("torch", reason="needs the extra deep")

from daybreak.nets.meta_gradient import MetaGradientNet, inner_loss, sample_support  # noqa: E402 - after the check


def net_of(model):
    """The torch network with the arrays that the model keeps."""
    state = model.state
    vectors = torch.from_numpy(state.inner[:, :-1])
    net = MetaGradientNet(vectors, len(state.profile), len(state.rates))
    net.inner_bias.data = torch.from_numpy(state.inner[:, -1].copy())
    net.outer.data = torch.from_numpy(state.vectors[:, :-1].copy())
    net.outer_bias.data = torch.from_numpy(state.vectors[:, -1].copy())
    net.start.data, net.profile.data = map(torch.from_numpy, (state.start, state.profile))
    net.log_rate.data = torch.from_numpy(state.rates).log()
    net.log_half.data = torch.from_numpy(state.halves).log()
    return net


def test_one_step_from_the_middle_of_two_items():
    """Items at 1 and -1, one event on the first: p = 0 - 3 · 1 / (1 + 2) · (0 - 1) = 1."""
    net = MetaGradientNet(torch.tensor([[1.0], [-1.0]]), 0, 1)
    net.log_rate.data.fill_(np.log(3.0))
    net.log_half.data.fill_(np.log(2.0))
    person = net.adapt(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 0))
    assert person.item() == pytest.approx(1.0)


def test_the_inner_step_goes_down_the_gradient_of_its_loss():
    """One step of learned rates against autograd through the loss of the shown events."""
    data = random_dataset(n_attributes=3)
    model = MetaGradientModel(dim=5, steps=1, epochs=2).fit(data)
    asked = ask(data, [0, 4], [1, 2, 3], profiles=[[0, 1, 1], [1, 0, 0]])
    net, told = net_of(model), torch.tensor([[0.0, 1, 1], [1, 0, 0]])
    person = (net.start + told @ net.profile).detach().requires_grad_()
    shown = torch.from_numpy((asked.history.toarray() > 0).astype(np.float32))
    (slope,) = torch.autograd.grad(inner_loss(net, person, shown).sum(), person)
    size = asked.n_events[:, None]
    rate = model.state.rates[0] * size / (size + model.state.halves[0])
    wanted = person.detach().numpy() - rate * slope.numpy()
    np.testing.assert_allclose(model.query_vectors(asked)[:, :-1], wanted, atol=1e-5)


def test_numpy_answers_what_the_network_does():
    data = random_dataset(n_attributes=3)
    model = MetaGradientModel(dim=5, steps=3, epochs=2).fit(data)
    told = [[0, 0, 0], [0, 1, 1], [0, 0, 0], [1, 0, 1]]
    asked = ask(data, [], [], [1, 2], list(range(12)), profiles=told)
    shown = torch.from_numpy((asked.history.toarray() > 0).astype(np.float32))
    with torch.no_grad():
        wanted = net_of(model)(shown, torch.tensor(told, dtype=torch.float32))
    np.testing.assert_allclose(model.score(asked, data.items), wanted, atol=1e-4)


def test_the_outer_gradient_is_exact_or_first_order():
    """With the inner slope taken for a constant, the items of the inner loss learn nothing."""
    found = {}
    for first_order in (False, True):
        torch.manual_seed(0)
        net = MetaGradientNet(torch.randn(6, 3), 0, 2).double()
        shown = torch.tensor([[1.0, 1, 0, 0, 0, 0]], dtype=torch.float64)
        logits = net(shown, shown[:, :0], first_order=first_order)
        logits[0, 3].backward()
        found[first_order] = net.inner.grad
    assert found[True] is None
    inner, size = net.inner.detach().clone(), 1e-6
    with torch.no_grad():
        net.inner[0, 0] = inner[0, 0] + size
        above = net(shown, shown[:, :0])[0, 3]
        net.inner[0, 0] = inner[0, 0] - size
        below = net(shown, shown[:, :0])[0, 3]
    assert found[False][0, 0].item() == pytest.approx(
        (above - below).item() / 2 / size, rel=1e-4
    )


def test_few_events_tell_what_popularity_cannot():
    data = camps()
    model = MetaGradientModel(dim=8, epochs=60).fit(data)
    asked = ask(data, [0], [1], [2, 8], [3, 9, 11])
    assert hits(model, data, asked, [0, 1, 0, 1]) == 1


def test_many_queries_are_answered_in_parts(monkeypatch):
    data = random_dataset()
    model = MetaGradientModel(dim=5, epochs=1).fit(data)
    asked = ask(data, [], [0], [1, 2, 3])
    whole = model.query_vectors(asked)
    monkeypatch.setattr("daybreak.models.meta_gradient.MAX_LOGIT_CELLS", 1)
    np.testing.assert_allclose(model.query_vectors(asked), whole, atol=1e-6)


def test_a_task_shows_the_first_events_or_others_and_never_all_when_it_shows_few():
    torch.manual_seed(0)
    place = torch.tensor([[3.0, 0, 1, 2]]).repeat(400, 1)
    shown = sample_support(place)
    assert set(shown[:, 1].tolist()) == {0}
    patterns = {tuple(row) for row in shown.tolist()}
    assert {(0, 0, 1, 0), (0, 0, 1, 1)} <= patterns
    starts = (shown.sum(1) == 1) & (shown[:, 2] == 1)
    assert starts.sum() > (shown.sum(1) == 1).sum() / 2
