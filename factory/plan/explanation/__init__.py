"""Stage 5, explain: lines, warnings and outputs are derived from verdicts and placements."""
