from daybreak.data.rejects import MAX_VALUE_CHARS, Reject, Rejects, shorten_value


def test_all_are_counted_and_the_first_are_kept():
    rejects = Rejects(limit=3)
    rejects.extend(Reject("a.csv", 0, "bad"), range(2, 12), "0123456789")
    rejects.add(Reject("a.csv", 20, "wrong date", "created_at", "soon", row_kept=True))
    assert [row.row for row in rejects.rows] == [2, 3, 4]
    assert rejects.counts == {"bad": 10, "wrong date": 1}
    assert len(rejects) == 11
    assert rejects.count_dropped("a.csv") == rejects.count_dropped() == 10
    assert rejects.frame().shape == (3, 6)


def test_a_value_is_one_short_printable_line():
    assert shorten_value("a\nb\x00") == "a\\nb\\x00"
    assert shorten_value("\udcff") == "\\udcff"
    assert len(shorten_value("x" * 1000)) == MAX_VALUE_CHARS + 1
    assert shorten_value(None) == ""
