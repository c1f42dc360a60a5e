"""Short answers: yes, no, none of these, all of them, and numbers of choices."""

import re
import unicodedata
from functools import cache

_YES = """
    yes y yeah yep sure of_course ok okay i_do i_like_it like_it love_it i_love_it yes_i_do
    是 是的 对 对的 喜欢 很喜欢 我喜欢 好 好的 嗯 可以 要 当然 喜歡 對
"""
_NO = """
    no n nope nah no_thanks i_do_not i_don't not_really dislike i_dislike_it i_hate_it
    不 不是 不喜欢 不要 否 没有 不太喜欢 不好 沒有 不喜歡
"""
_NONE = """
    none none_of_these none_of_them neither nothing skip next pass no_idea i_don't_know
    don't_know idk i_do_not_know don't_care doesn't_matter any anything whatever
    not_sure no_preference
    都不 都不是 都不喜欢 都没有 以上都不是 都没看过 没有喜欢的 无 没 跳过 下一个 下一题
    不知道 不清楚 不确定 随便 无所谓 都可以 都行 都沒有 都不喜歡 跳過 隨便 无偏好
"""
_ALL = """
    all all_of_them all_of_these everything both both_of_them
    全部 都喜欢 全都喜欢 全都 都要 所有 以上都是 都 都喜歡 全喜欢
"""
_GENERAL = """
    movie movies film films book books song songs music album albums game games product
    products item items show shows series anime s 电影 片 影片 动画 动漫 番 书 音乐 歌 游戏 商品
    东西 类 的 类型 作品 题材 系
"""
_NUMBERS = re.compile(r"(?:\d{1,2})(?:(?:and|&|和|与|跟|、|,|\s|;|第|个|項|项)+\d{1,2})*")
_EDGE = re.compile(r"^[\W_]+|[\W_]+$")


def fold_answer(text: str) -> str:
    """Return a short answer in one form: lower case, half width, no marks around it.

    Example:
        >>> fold_answer("  Ｎｏｎｅ of these！ ")
        'none of these'
    """
    folded = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    return " ".join(_EDGE.sub("", folded).split())


@cache
def _phrases(words: str) -> frozenset[str]:
    return frozenset(word.replace("_", " ") for word in words.split())


def is_yes(text: str) -> bool:
    """Return whether an answer is yes, and nothing else."""
    return fold_answer(text) in _phrases(_YES)


def is_no(text: str) -> bool:
    """Return whether an answer is no, and nothing else."""
    return fold_answer(text) in _phrases(_NO)


def is_none(text: str) -> bool:
    """Return whether an answer is "none of these" or "I do not know".

    Example:
        >>> is_none("None of these."), is_none("都不喜欢"), is_none("none with robots")
        (True, True, False)
    """
    return fold_answer(text) in _phrases(_NONE)


def is_all(text: str) -> bool:
    """Return whether an answer is "all of them"."""
    return fold_answer(text) in _phrases(_ALL)


_UNSPACED_TALK = re.compile(
    r"(?:我们?|你们?|您|比较|特别|非常|平时|一般|最|很|挺|还|也|都|更|喜欢|喜歡|爱|愛|想要|想看|想买|想听|想|要"
    r"|看|买|听|读|玩|推荐|推薦|给|請|请|来|有|是|的话|的|了|吧|呢|啊|呀|哦|吗|嘛|一些|一点|点|些|那种|这种"
    r"|类型|题材|风格|方面|作品|电影|影片|动画|动漫|番剧|小说|书|音乐|歌曲|游戏|商品|东西|产品|类|系"
    r"|好看|好听|好玩|不错|有意思|可以|还行|就好|就行|片|剧|番)+"
)
"""Chinese words that ask, praise, or stand for any item."""


def drop_unspaced_talk(text: str) -> str:
    """Return a Chinese text without the words that name nothing.

    Example:
        >>> drop_unspaced_talk("我比较喜欢搞笑的动画"), drop_unspaced_talk("很好看")
        ('搞笑', '')
    """
    return " ".join(_UNSPACED_TALK.sub(" ", text).split())


def general_words() -> frozenset[str]:
    """Return the words that stand for any item, as in "horror movies"."""
    return _phrases(_GENERAL)


def chosen_numbers(text: str, n_choices: int) -> tuple[int, ...]:
    """Return the positions from 0 of an answer that only has numbers of choices.

    Example:
        >>> chosen_numbers("1 and 3", 6), chosen_numbers("第１个、第３个", 6)
        ((0, 2), (0, 2))
        >>> chosen_numbers("7", 6), chosen_numbers("12 Monkeys", 12)
        ((), ())
    """
    folded = fold_answer(text).removeprefix("第").rstrip("个項项")
    if not _NUMBERS.fullmatch(folded):
        return ()
    numbers = [int(number) for number in re.findall(r"\d+", folded)]
    if not all(1 <= number <= n_choices for number in numbers):
        return ()
    return tuple(dict.fromkeys(number - 1 for number in numbers))
