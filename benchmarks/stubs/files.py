"""A file host: every path is the same file, its first byte 50 ms after the question. Arguments: port, file to serve.

Several files may be given; a path /3 gets the third, others the first.
"""

import asyncio
import re
import sys
from pathlib import Path

LATENCY_SECONDS = 0.05


async def serve(port: int, bodies: list[bytes]) -> None:
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        for body in bodies
    ]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                named = re.match(rb"GET /(\d)", head)
                await asyncio.sleep(LATENCY_SECONDS)
                writer.write(answers[int(named[1]) % len(answers) if named else 0])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), [Path(name).read_bytes() for name in sys.argv[2:]]))
