"""A report of one or several runs: one HTML file that needs no other, one module per section."""
