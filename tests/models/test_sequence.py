import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import Events, Queries
from daybreak.models.sequence import SequenceConfig, SequenceModel, SequenceState
from daybreak.testing.models import example_dataset
from tests.models.tiny import dataset, items

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from daybreak.nets import sequence, windows  # noqa: E402 - needs torch

SMALL = {"dim": 16, "epochs": 25, "batch": 16, "rate": 0.01, "ahead": 0.0}
CIRCLE = 12


def circle(n_users=60, size=6):
    """Everybody starts somewhere on a circle and goes on step by step."""
    return [[(user + step) % CIRCLE for step in range(size)] for user in range(n_users)]


def ask_in_order(data, *histories):
    """One query a history, in the order of time."""
    user = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    at = [float(step) for history in histories for step in range(len(history))]
    events = Events.of(user, [i for history in histories for i in history], at)
    return Queries.for_users(data, events, np.arange(len(histories)))


@pytest.fixture
def drawn(monkeypatch):
    """A network of random numbers, its material, and the model that has its arrays."""
    monkeypatch.setattr(sequence, "MASKED_CONTEXT_SHARE", 0.0)
    data, rng = example_dataset(), np.random.default_rng(0)
    events, config = data.events, SequenceConfig(dim=8, hops=2)
    n = len(data.train_items)
    vectors = rng.standard_normal((n, 8)).astype(np.float32)
    item = np.searchsorted(data.train_item_rows, events.item)
    made = sequence.SequenceTrainingData(
        windows.PackedHistories(
            np.searchsorted(data.active_user_rows, events.user), item, events.at
        ),
        data.profiles[data.active_user_rows],
        vectors,
        rng.standard_normal((n, 3)).astype(np.float32),
    )
    torch.manual_seed(0)
    net = sequence.SequenceNet(made, config)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
        table = net.item_vectors(torch.arange(n))
    model = SequenceModel(dim=8, hops=2)
    stored = np.concatenate(
        [sequence.to_array(table), sequence.to_array(net.bias)[:, None]], axis=1
    )
    parts = {
        name: sequence.to_array(getattr(net, name))
        for name in (*sequence.NETWORK_PARAMETERS, *sequence.OUTPUT_PARAMETERS)
    }
    nothing = np.zeros((0, 9), dtype=np.float32)
    model._state = SequenceState(
        ids=data.train_items.ids,
        vectors=stored,
        centre=stored[0] * 0,
        content=nothing,
        near=vectors,
        **parts,
    )
    return data, made, net, model


def test_answers_without_torch_equal_the_network_at_every_place_of_a_chunk(drawn):
    """What is asked in training about the first events of somebody is what is asked later."""
    data, made, net, model = drawn
    lesson = sequence.NextItemLoss(net, made, SequenceConfig(dim=8, forget=0.0))
    first = int(data.active_user_rows[np.argmax(np.bincount(made.histories.user))])
    number = int(np.searchsorted(data.active_user_rows, first))
    chunk = np.flatnonzero(lesson.windows.user == number)
    item, end = (torch.from_numpy(part) for part in lesson.windows.take(chunk[:1]))
    told = torch.from_numpy(made.profiles[[number]].toarray())
    with torch.no_grad():
        table = net.item_vectors(torch.arange(len(made.vectors)))
        memory = lesson._attended_events(
            table, item, item, end, lesson._history_sums(chunk[:1], item)
        )
        answers = net(told, memory)[0].numpy()
    mine = data.events.filter(data.events.user == first)
    assert item.shape[1] > 5
    for place in range(item.shape[1]):
        shown = np.isin(data.train_item_rows[item[0, :place].numpy()], mine.item)
        assert shown.all()
        known = mine.filter(np.isin(mine.item, data.train_item_rows[item[0, :place].numpy()]))
        found = model.query_vectors(Queries.for_users(data, known, np.array([first])))
        np.testing.assert_allclose(found[0, :-1], answers[place], rtol=1e-5, atol=1e-5)


def test_who_tells_nothing_is_answered_as_the_network_answers(drawn):
    data, made, net, model = drawn
    told = np.flatnonzero(np.diff(data.profiles.indptr))[:2]
    asked = Queries.for_users(data, data.events.filter(np.zeros(len(data.events), bool)), told)
    memory = sequence.AttendedEvents(
        net.item_vectors(torch.arange(len(made.vectors))),
        torch.zeros(2, 3, dtype=torch.long),
        torch.zeros(2, 1, 3, dtype=torch.long),
        torch.full((2, 1, 3), sequence.MASKED_LOGIT),
        torch.zeros(2, 1, 8),
    )
    with torch.no_grad():
        wanted = net(torch.from_numpy(asked.profile.toarray()), memory)[:, 0].numpy()
    found = model.query_vectors(asked)
    np.testing.assert_allclose(found[:, :-1], wanted, rtol=1e-5, atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_the_loss_over_all_items_is_cross_entropy():
    logits, target = torch.randn(5, 7), torch.arange(5)
    known = torch.nn.functional.one_hot(target, 7).bool()
    mine = sequence.sampled_loss(logits.gather(1, target[:, None])[:, 0], logits, known)
    torch.testing.assert_close(mine, torch.nn.functional.cross_entropy(logits, target))


def test_chances_of_candidates_make_the_sum_of_rivals_right():
    """The mean over draws of ``sum 1 / chance`` is the number of items."""
    item = np.repeat(np.arange(6), [9, 5, 3, 2, 1, 1])
    made = sequence.SequenceTrainingData(
        windows.PackedHistories(np.zeros(21, np.int64), item, np.zeros(21)),
        sp.csr_array((1, 0), dtype=np.float32),
        np.zeros((6, 4), np.float32),
        np.zeros((6, 0), np.float32),
    )
    torch.manual_seed(0)
    config = SequenceConfig(dim=4, negatives=4)
    lesson = sequence.NextItemLoss(sequence.SequenceNet(made, config), made, config)
    sums = [float((-lesson._draw_candidates()[1]).exp().sum()) for _ in range(4000)]
    assert abs(np.mean(sums) - 6) < 0.15


@pytest.mark.parametrize("negatives", [400, 5], ids=["all items", "drawn items"])
def test_it_knows_what_comes_next(negatives):
    data = dataset(circle(), CIRCLE)
    model = SequenceModel(**SMALL, negatives=negatives).fit(data)
    asked = ask_in_order(data, [0, 1, 2], [5, 6, 7], [9, 10])
    scores = np.where(asked.history.toarray() > 0, -np.inf, model.score(asked, data.items))
    assert scores.argmax(axis=1).tolist() == [3, 8, 11]


def test_backwards_is_not_forwards():
    data = dataset(circle(), CIRCLE)
    model = SequenceModel(**SMALL).fit(data)
    scores = model.score(ask_in_order(data, [4, 5, 6], [6, 5, 4]), data.items)
    assert scores[0, 7] > scores[1, 7]


def test_ties_in_time_teach_no_order():
    """The file lists them in order, but all are of one moment: forwards is as backwards."""
    data = dataset(circle(), CIRCLE, at=np.repeat(np.arange(60), 6))
    assert data.events.has_time_order
    model = SequenceModel(**SMALL).fit(data)
    scores = model.score(ask_in_order(data, [4, 5, 6]), data.items)[0]
    assert abs(scores[7] - scores[3]) < abs(scores[7] - scores[11])


def test_without_times_it_reads_a_set():
    data = dataset(circle(), CIRCLE, at=np.zeros(360))
    asked = ask_in_order(data, [0, 1, 2])
    one = Queries(
        asked.train_items, asked.history, asked.history, asked.profile, asked.n_events
    )
    assert set(SequenceModel(**SMALL).fit(data).score(one, data.items)[0].argsort()[-5:]) & {
        3,
        11,
    }


def test_a_new_item_is_placed_by_its_content():
    """New items look like 3 and like 8; after 0, 1, 2 comes what looks like 3."""
    angle = 2 * np.pi * np.arange(CIRCLE) / CIRCLE
    looks = np.stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], 1)
    data = dataset(circle(), CIRCLE, vectors=looks)
    new = items(2, vectors=looks[[3, 8]], first=100)
    model = SequenceModel(**SMALL).fit(data)
    scores = model.score(ask_in_order(data, [0, 1, 2], [5, 6, 7]), new)
    assert scores.argmax(axis=1).tolist() == [0, 1]


def test_who_is_known_by_profile_alone_is_told_apart():
    rng = np.random.default_rng(0)
    histories = [rng.permutation(6)[:4] + 6 * (user % 2) for user in range(60)]
    profiles = [[user % 2 == 0, user % 2 == 1] for user in range(60)]
    data = dataset(histories, 12, profiles=profiles)
    asked = Queries.for_users(data, data.events.filter(np.zeros(240, bool)), np.array([0, 1]))
    first, second = SequenceModel(**SMALL).fit(data).score(asked, data.items)
    assert first[:6].min() > first[6:].max()
    assert second[6:].min() > second[:6].max()


def test_more_events_than_it_may_read_cost_fewer_epochs(monkeypatch):
    plans = []
    monkeypatch.setattr(
        sequence, "train", lambda net, rows, loss, plan: plans.append((rows, plan))
    )
    data = dataset(circle(), CIRCLE)
    for events in (720, 100):
        SequenceModel(**SMALL | {"events": events}).fit(data)
    (_, some), (rows, least) = plans
    assert some.epochs == 2
    assert least.epochs == 1
    assert rows == 100 // SequenceConfig().length
