"""Clients of the control API that read feeds at full rate: python -m bench.lib.api_clients ADDRESS SECONDS COUNT.

Prints how many messages each of them got in a second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from websockets.asyncio.client import connect

RATE_HZ = 30


async def listen(address: str, seconds: float) -> float:
    """Subscribe to what a panel draws; return messages a second, of which three kinds make 90 at most."""
    async with connect(address, compression=None) as connection:
        await connection.send(json.dumps({"Subscribe": {"meters": RATE_HZ, "spectra": RATE_HZ, "state": RATE_HZ}}))
        begin, messages = time.monotonic(), 0
        while time.monotonic() - begin < seconds:
            await connection.recv()
            messages += 1
        return messages / (time.monotonic() - begin)


async def listen_all(address: str, seconds: float, count: int) -> list[float]:
    """Let several clients listen."""
    return await asyncio.gather(*(listen(address, seconds) for _ in range(count)))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(listen_all(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))))
