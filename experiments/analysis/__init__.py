"""What finished runs say: returns and scores, their intervals, learning curves. No pictures."""
