"""What measures one contender once: stand-alone programs, run by the contender's own Python.

Each takes its settings as JSON in its first argument, and its last line of output is JSON with at
least `value`, and with `versions` of what was measured. They are run as files. Those of
peers import nothing from one another, because peers live in environments without this package.
"""
