"""Deprecated: the checks of version 0.1; use :mod:`daybreak.testing.stores`."""

from daybreak.deprecation import deprecated_names

_STORES = {
    "check_events_are_kept_with_all_they_came_with": "check_event_pages",
    "check_an_erased_user_is_gone": "check_user_erasure",
    "check_an_erased_item_is_gone": "check_item_erasure",
    "check_events_are_erased_by_id_or_content": "check_event_erasure",
    "check_what_is_too_old_is_erased": "check_erasure_by_age",
    "check_merged_users_become_one": "check_user_merge",
    "check_merging_into_an_unknown_user_makes_it": "check_merge_into_unknown_user",
    "check_texts_are_never_read_as_commands": "check_no_injection",
    "check_threads_may_share_a_store": "check_thread_safety",
}
_CONTRACTS = {
    "check_changes_tell_what_came_since": "check_changes_after_cursor",
    "check_what_was_there_before_is_no_change": "check_duplicates_are_not_changes",
    "check_no_cursor_is_skipped": "check_concurrent_changes_are_seen_once",
    "check_answers_are_found": "check_recommendation_queries",
    "check_reactions_name_their_answer": "check_reactions",
    "check_a_cursor_of_another_store_is_noticed": "check_foreign_cursor_is_detected",
    "check_records_are_kept_by_kind": "check_documents_by_kind",
}

__getattr__ = deprecated_names(
    __name__,
    {"JOURNAL_CHECKS": "daybreak.testing.stores.STORE_CHECKS"}
    | {old: f"daybreak.testing.stores.{new}" for old, new in _STORES.items()}
    | {old: f"daybreak.testing.store_contracts.{new}" for old, new in _CONTRACTS.items()},
)
