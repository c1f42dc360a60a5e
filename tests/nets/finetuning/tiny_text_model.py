"""A transformer of two small layers over few words, and people who choose by colour."""

import numpy as np
import torch
from transformers import BertConfig, BertModel

from daybreak.nets.finetuning.examples import Ratings, TrainingExamples
from daybreak.nets.finetuning.transformer import TextTransformer, TokenLimits

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
COLOURS = ("red", "blue", "green", "white")
THINGS = ("globe", "lamp", "train", "clock")
WORDS = (*MARKS, *COLOURS, *THINGS, "old", "new")


def tokenize(texts):
    rows = [[2, *(WORDS.index(w) if w in WORDS else 1 for w in t.split()), 3] for t in texts]
    width = max(map(len, rows))
    ids = [row + [0] * (width - len(row)) for row in rows]
    return ids, [[1] * len(row) + [0] * (width - len(row)) for row in rows]


def tiny_model(seed=0, layers=2):
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        attn_implementation="eager",
    )
    network = BertModel(config, add_pooling_layer=False)
    limits = TokenLimits(len(WORDS), 4, frozenset({0, 2, 3}))
    return TextTransformer(network, tokenize, "mean", limits).eval()


def tiny_examples(n_users=40, seed=0):
    """Items are "colour thing" and "old thing"; a user likes one colour, whatever the thing."""
    rng = np.random.default_rng(seed)
    texts = tuple((f"{c} {t}", f"{c} old {t}") for c in COLOURS for t in THINGS)
    histories = [
        rng.permutation(np.arange(4) + 4 * (user % 4))[: 3 + user % 2]
        for user in range(n_users)
    ]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in histories])])
    users = np.repeat(np.arange(n_users), 2)
    items = rng.integers(0, 16, len(users))
    liked = items // 4 == users % 4
    ratings = Ratings(users, items, np.where(liked, 5.0, 1.0))
    return TrainingExamples(
        texts, np.concatenate(histories), starts, ratings, ("new white lamp", "new red clock")
    )
