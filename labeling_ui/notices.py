"""Sentences that stand on the screen for a while, and the word about a break."""

BREAK_AFTER = 30 * 60.0
"""Seconds of work after which a break is suggested."""
A_BREAK = 5 * 60.0
"""Seconds without an action that are a break."""
NOTICE_SECONDS = 8.0
"""How long a sentence stands."""
BREAK_SECONDS = 30.0
"""How long the word about a break stands; it never keeps anybody from going on."""
BREAK_WORDS = (
    "Half an hour without a break: look out of the window for a moment. The pairs will wait."
)


class Notices:
    """One sentence at a time.

    Attributes:
        text: The sentence that stands, or nothing.
    """

    def __init__(self) -> None:
        self.text = ""
        self._left = self._worked = self._idle = 0.0

    def say(self, sentence: str, seconds: float = NOTICE_SECONDS) -> None:
        """Shows a sentence for a while."""
        self.text, self._left = sentence, seconds

    def active(self) -> None:
        """Notes that the person did something."""
        self._idle = 0.0

    def tick(self, seconds: float) -> None:
        """Lets time pass."""
        self._left -= seconds
        if self._left <= 0:
            self.text = ""
        self._idle += seconds
        self._worked = 0.0 if self._idle >= A_BREAK else self._worked + seconds
        if self._worked >= BREAK_AFTER:
            self._worked = 0.0
            self.say(BREAK_WORDS, BREAK_SECONDS)
