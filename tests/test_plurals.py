"""Numbers with their nouns."""

from kgan.plurals import counted


def test_one_and_many():
    made = [counted(number, "image") for number in (0, 1, 2, 1733)]
    assert made == ["0 images", "1 image", "2 images", "1,733 images"]
