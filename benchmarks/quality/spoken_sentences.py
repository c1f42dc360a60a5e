"""How many of ten items are what a person's own words ask for, by kind of sentence.

Each row of ``spoken_sentences.csv`` is a sentence as people say it, with a pattern of what is
wanted and one of what is ruled out. Half of the sentences (``first``) were looked at while the
reading of sentences was changed, the others (``second``) only at the end. Run from the repository:

    python -m benchmarks.quality.spoken_sentences --data DATA --out FILE.csv
    python -m benchmarks.quality.spoken_sentences --compare BEFORE.csv AFTER.csv --page FILE.md
"""
