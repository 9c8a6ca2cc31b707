"""Clients of the control API that read feeds at full rate: python -m bench.lib.api_clients ADDRESS COUNT.

They connect at a line `on` of standard input, and leave at a line `off`, which is answered by the messages a second
that each of them got.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

RATE_HZ = 30
SILENT_S = 5.0  # after which a connection is given up


async def listen(address: str, over: asyncio.Event) -> float:
    """Subscribe to what a panel draws; return messages a second, of which three kinds make 90 at most.

    Where a busy machine keeps it from reading for so long that it is dropped, it connects anew, as the panel does.
    """
    begin, messages = time.monotonic(), 0
    while not over.is_set():
        with suppress(ConnectionClosed, OSError, TimeoutError):
            async with connect(address, compression=None) as connection:
                await connection.send(json.dumps({"Subscribe": dict.fromkeys(("meters", "spectra", "state"), RATE_HZ)}))
                while not over.is_set():
                    await asyncio.wait_for(connection.recv(), SILENT_S)
                    messages += 1
    return messages / (time.monotonic() - begin)


async def serve(address: str, count: int) -> None:
    """Come and go as standard input says, until it ends."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline() == b"on\n":
        over = asyncio.Event()
        clients = [asyncio.create_task(listen(address, over)) for _ in range(count)]
        await lines.readline()
        over.set()
        print(json.dumps(await asyncio.gather(*clients)), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
