"""The provider's record-info at a steady latency. Arguments: port.

`GET /api/v1/mj/record-info?taskId=ID` answers after 150 to 250 ms, the same for the same ID: ids ending in `d` are done
with four pictures, all others run. `GET /_stub/peak` tells the most requests that were under way at once and starts the
count anew; `GET /_stub/count` how many were answered.
"""

import asyncio
import json
import random
import re
import sys
from typing import Any

LEAST, MOST = 0.150, 0.250
_ASKED = re.compile(rb"GET /api/v1/mj/record-info\?taskId=([A-Za-z0-9_-]+) ")


def latency_of(task_id: str) -> float:
    return random.Random(task_id).uniform(LEAST, MOST)


def record(task_id: str, port: int) -> dict[str, Any]:
    done = task_id.endswith("d")
    urls = [{"resultUrl": f"http://127.0.0.1:{port}/files/{task_id}_0_{number}.jpeg"} for number in range(4)]
    return {
        "code": 200,
        "msg": "success",
        "data": {
            "taskId": task_id,
            "taskType": "mj_txt2img",
            "paramJson": json.dumps({"prompt": "paper boats on a canal at dawn", "speed": "fast", "version": "7"}),
            "completeTime": 1767225661000 if done else None,
            "resultInfoJson": {"resultUrls": urls} if done else None,
            "successFlag": int(done),
            "createTime": 1767225600000,
            "errorCode": None,
            "errorMessage": None,
        },
    }


class Upstream:
    def __init__(self, port: int) -> None:
        self.port, self.under_way, self.peak, self.count = port, 0, 0, 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await self.answer(head)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(body), body)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, head: bytes) -> bytes:
        asked = _ASKED.match(head)
        if asked is None:
            told = {"peak": self.peak, "count": self.count}
            self.peak = self.count = 0
            return json.dumps(told).encode()
        task_id = asked[1].decode()
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        await asyncio.sleep(latency_of(task_id))
        self.under_way -= 1
        self.count += 1
        return json.dumps(record(task_id, self.port)).encode()


async def serve(port: int) -> None:
    server = await asyncio.start_server(Upstream(port).talk, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
