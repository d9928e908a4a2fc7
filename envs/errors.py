"""The one error that a user of the suite can mend."""


class TaskError(ValueError):
    """A task, or a use of one, that cannot work; its message is a sentence for the user."""
