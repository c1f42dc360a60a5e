"""From what was learned elsewhere to what is learned here; pure functions."""
