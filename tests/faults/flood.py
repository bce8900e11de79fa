"""One client that sends as fast as it can, in a process of its own: its work is not ours.

    python -m tests.faults.flood URL DOCUMENT TOKEN SECONDS

Prints how many updates it sent, and how many of them were acknowledged in the end.
"""

import asyncio
import sys
import time

from pycrdt import Doc, Text

from tests.e2e.client import Client

# More than a server takes in a second.
AHEAD = 5000


def type_characters(count: int) -> list[bytes]:
    """One update for each character typed."""
    doc: Doc = Doc()
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    text = doc.get("content", type=Text)
    for position in range(count):
        text.insert(position, "x")
    return updates


async def main(url: str, document: str, token: str, seconds: float) -> None:
    updates = type_characters(round(AHEAD * seconds))
    async with Client(url, document, token=token) as client:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        deadline = time.monotonic() + seconds
        for number, update in enumerate(updates):
            await client.send_update(update)
            if not number % 50:
                # Reading what comes back takes a turn of the loop.
                await asyncio.sleep(0)
                if time.monotonic() > deadline:
                    break
        await client.saved(seconds=60)
        sys.stdout.write(f"{client.cseq} {len(client.acks)}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], float(sys.argv[4])))
