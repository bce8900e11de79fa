from django.db import models


class Revision(models.Model):
    """How often a list that people watch has changed, counted in the transaction that changes it.

    The hint about it may be lost; whoever remembers the number finds out.
    """

    # The list's topic and whose it is: "threads:<document id>", "notifications:<user id>".
    key = models.CharField(max_length=64, primary_key=True)
    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.key} at {self.number}"
