"""How often one may do something: so often at once, and so often a second in the long run. Pure."""


class Allowance:
    """One client's, for one kind of thing."""

    def __init__(self, *, at_once: int, per_second: float) -> None:
        self._at_once = at_once
        self._per_second = per_second
        self._left = float(at_once)
        self._counted_at = 0.0

    def take(self, *, now: float) -> float:
        """Do it once more: 0 if one may, else in how many seconds."""
        grown = (now - self._counted_at) * self._per_second
        self._left = min(self._at_once, self._left + grown)
        self._counted_at = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0
