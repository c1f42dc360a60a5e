import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.event_names import event_name_kind, kinds_beside, split_name

NEGATIVE = """
dislike disliked dislikes un-liked unliked dis-liked return returned returns refunded skip
skipped skips cancelled canceled cancellation dismissed unfollow unfollowed remove_from_wishlist
RemoveFromCart removefromcart thumbsDown THUMBS_DOWN notInterested hide hidden blocked reported
unsubscribed down-vote rejected declined ignored hate unfavourited unsave unpin uninstalled
swipe_left opted_out item_returned order_cancelled cancel_order click_not_interested dropped 👎
不喜欢 不喜歡 退货 退款 取消关注 取消收藏 不感兴趣 踩 讨厌 拉黑 举报 差评 跳过 屏蔽
嫌い 返品 キャンセル 興味なし スキップ 非表示 フォロー解除 싫어요 반품 환불 취소 차단
zurückgegeben zurueckgeschickt Retoure storniert remboursé annulé retourné devuelto devolución
cancelado rechazado возврат отменено отписался пропустил rimborso annullato geannuleerd zwrot
iade iptal ogillar reembolsado
"""
PHRASES = [
    *("not interested", "don't like", "didn’t like", "did not like", "not for me", "see less"),
    *("show fewer like this", "no longer interested", "sent back", "returned to seller"),
    *("gefällt mir nicht", "nicht interessiert", "je n'aime pas", "no me gusta", "не нравится"),
    *("non mi piace", "não gostei", "관심 없음", "bad review", "negative feedback"),
    *("smesso di seguire", "przestań obserwować", "hoppade över", "avföljd", "avbruten"),
    *("takipten çıktı", "atladı", "찜 해제", "no-show"),
]
OTHER = """
return_visit returning_visitor return_user unlimited discover display unique like liked love
purchase add_to_cart wishlist subscribe follow save share unlock unboxing download discount
discussed distribution dispatched delivered shipped unread blockbuster play completed rated
reviewed comment upvote thumbs_up recommend interested unhide unblock undo_dislike cancel_return
skip_intro skip_ad report_download view_report abandoned_cart coupon_removed scroll_down
price_drop notify north nominate unit cancer reporter renew request reward passed hidden_gem
取消屏蔽 喜欢 购买 收藏 关注 好评 推荐 いいね フォロー ブロック解除 좋아요 gekauft acheté
comprado нравится
"""


@pytest.mark.parametrize("name", [*NEGATIVE.split(), *PHRASES])
def test_names_that_say_no_are_negative(name):
    assert event_name_kind(name) == "negative"


@pytest.mark.parametrize("name", [*OTHER.split(), "me gusta", "gefällt mir", "j'aime"])
def test_names_that_only_look_like_a_no_are_not_negative(name):
    assert event_name_kind(name) != "negative"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "view",
            "view viewed pageView page-view detail_page_view clicks 浏览 history_click",
        ),
        (
            "impression",
            "impression exposure shown displayed 曝光 not_clicked impression_skip",
        ),
        ("count", "purchase play add-to-cart bought 购买 gekauft"),
        ("other", "rating like read_later open_account review"),
    ],
)
def test_names_of_views_impressions_and_counts_are_recognised(kind, names):
    assert {event_name_kind(name) for name in names.split()} == {kind}


@given(st.text(max_size=30))
def test_any_name_has_a_kind_that_does_not_depend_on_blanks_around_it(name):
    assert event_name_kind(name) == event_name_kind(f"  {name} ")
    assert split_name(name).startswith("_")


def test_words_of_orders_that_came_to_nothing_say_no():
    assert [event_name_kind(word) for word in ("withdrawn", "交易关闭", "已关闭")] == [
        "negative"
    ] * 3
    assert event_name_kind("交易成功") == "other"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "negative",
            "mute, stopped reading, gave up, nicht mehr folgen, ne plus suivre, reclamación",
        ),
        ("negative", "划走, 负反馈, 負評, よくない, 途中離脱, 해지, 별로예요, schlecht, angry"),
        ("other", "cancellation insurance, not returned, no return, nicht storniert"),
        ("impression", "email sent, push_sent, Einblendung"),
        ("view", "email_opened"),
    ],
)
def test_names_from_subscriptions_mails_and_feeds_have_their_kind(kind, names):
    assert {event_name_kind(name) for name in names.split(", ")} == {kind}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("negative", "退订, 退會, 不再关注, 不想再看, 减少此类推荐, 太贵, no thanks, flagged"),
        ("negative", "churned, walked out, low_quality, meh, gekündigt, entliked, abgemeldet"),
        ("negative", "dado de baja, retiré des favoris, disdetta, opgezegd, descadastrado"),
        ("negative", "rezygnacja, sepetten çıkarıldı, favorilerden kaldırıldı"),
        ("negative", "wishlist_remove, order_cancelled, policy_cancelled, cancelled policy"),
        ("view", "refund_policy_view, view_refund_policy, viewed returns page, return_viewed"),
        (
            "view",
            "查看退货政策, wishlist_view, order_viewed, help_page_view, size guide opened",
        ),
        ("view", "email_clicked, newsletter opened, looked at, page_leave, payment_declined"),
        ("impression", "bounced, page_bounce, email_bounced"),
        ("other", "refund_page, returns policy, money_back_guarantee, conditions de retour"),
        ("other", "退货险, 未退货, 返品ポリシー, キャンセル待ち, 환불 정책, cookies_rejected"),
        ("other", "resubscribed, shared, 订阅, wishlist, view_completed, full_watch, page"),
        (
            "count",
            "added to basket, checkout started, cart_abandon, 加入购物车, view_and_order",
        ),
    ],
)
def test_words_within_longer_names_mean_what_the_whole_name_says(kind, names):
    assert {name: event_name_kind(name) for name in names.split(", ")} == dict.fromkeys(
        names.split(", "), kind
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("-1", "negative"), ("−2", "negative"), ("unsub", "negative"), ("RMA", "negative")),
        *(("unhelpful", "negative"), ("undo like", "negative"), ("revoked_follow", "negative")),
        *(
            ("not now", "impression"),
            ("Maybe later", "impression"),
            ("timed out", "impression"),
        ),
        *(
            ("stopped", "view"),
            ("watch later", "other"),
            ("undo dislike", "other"),
            ("1", "other"),
        ),
    ],
)
def test_answers_that_put_off_and_numbers_below_zero(name, kind):
    assert event_name_kind(name) == kind


def test_other_types_tell_what_pass_and_zero_mean():
    assert kinds_beside(["Like", "Pass"]) == {"Pass": "negative"}
    assert kinds_beside(["pass", "fail", "applied"]) == {}
    assert kinds_beside(["pass", "purchase"]) == {}
    assert kinds_beside(["-1", "0", "1"]) == {"0": "impression"}
    assert kinds_beside(["0", "1", "2"]) == {}
