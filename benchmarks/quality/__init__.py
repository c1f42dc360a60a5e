"""Quality of recommendations: evalkit splits, peers, the leaderboard, budgets, options."""
