"""What columns are called elsewhere: our name -> their names in snake_case, likeliest first."""

from typing import Literal, TypeAlias

Role: TypeAlias = Literal["events", "items", "users"]

_ITEM_IDS = (
    *("item_id", "item", "itemid", "iid", "movie_id", "movieid", "product_id", "productid"),
    *("article_id", "news_id", "book_id", "song_id", "track_id", "video_id", "post_id"),
    *("ad_id", "app_id", "anime_id", "artist_id", "business_id", "content_id", "doc_id"),
    *("recipe_id", "poi_id", "venue_id", "game_id", "sku", "parent_asin", "asin", "isbn"),
    *("stock_code", "gmap_id"),
)
_USER_IDS = (
    *("user_id", "user", "userid", "uid", "query_id", "customer_id", "customerid", "customer"),
    *("visitor_id", "visitorid", "account_id", "member_id", "household_id", "household_key"),
    *("person_id", "client_id", "reviewer_id", "reader_id", "viewer_id"),
)
_CREATED = (
    *("created_at", "creation_timestamp", "created", "date_created", "added_at", "date_added"),
    *("published_at", "published", "publish_time", "publish_date", "timestamp"),
)

ALIASES: dict[Role, dict[str, tuple[str, ...]]] = {
    "events": {
        "user_id": _USER_IDS,
        "item_id": _ITEM_IDS,
        "event_type": (
            *("event_type", "event", "feedback_type", "interaction_type", "event_name"),
            *("action", "action_type", "behavior", "behaviour", "behavior_type", "type"),
        ),
        "value": (
            *("value", "rating", "ratings", "stars", "overall", "score", "event_value"),
            *("weight", "label", "preference", "play_count", "plays", "listen_count", "count"),
            *("quantity", "qty"),
        ),
        "timestamp": (
            *("timestamp", "time", "datetime", "ts", "event_time", "event_timestamp", "at"),
            *("unix_review_time", "unixtime", "created_at", "date", "day", "invoice_date"),
            *("purchase_date", "rated_at"),
        ),
        "domain": ("domain",),
        "event_id": ("event_id",),
    },
    "items": {
        "item_id": (*_ITEM_IDS, "id"),
        "title": (
            *("title", "name", "item_name", "item_title", "product_name", "product_title"),
            *("movie_title", "headline"),
        ),
        "description": (
            *("description", "desc", "product_description", "summary", "overview", "abstract"),
            *("plot", "comment"),
        ),
        "text": ("text",),
        "categories": ("categories", "category", "genres", "genre", "class"),
        "image": (
            *("image", "image_url", "img", "img_url", "picture", "thumbnail", "thumbnail_url"),
            *("poster_url", "cover_url"),
        ),
        "created_at": _CREATED,
        "is_hidden": ("is_hidden", "hidden"),
        "available_from": ("available_from", "valid_from", "on_sale_from", "starts_at"),
        "available_until": (
            *("available_until", "valid_until", "on_sale_until", "expires_at", "ends_at"),
        ),
        "domain": ("domain",),
    },
    "users": {
        "user_id": (*_USER_IDS, "id"),
        "text": ("text", "bio", "about", "about_me", "comment"),
        "created_at": (*_CREATED[:-1], "signup_date", "registered_at", "registration_date"),
        "domain": ("domain",),
    },
}

KEYS: dict[Role, tuple[str, ...]] = {
    "events": ("user_id", "item_id"),
    "items": ("item_id",),
    "users": ("user_id",),
}

RATING_COLUMNS = frozenset({"rating", "ratings", "stars", "overall", "score", "label"})
"""Source columns whose numbers are an opinion on a scale, not a count."""

POSITIONS: dict[Role, tuple[str, ...]] = {
    "events": ("user_id", "item_id", "rating", "timestamp"),
    "items": ("item_id", "title", "genres"),
    "users": ("user_id", "gender", "age", "occupation", "zip_code"),
}
"""Columns of the MovieLens ``::`` files, which have no header."""
