"""What the socket itself does: python3 probe.py URL. One line of JSON for each question."""

import json
import sys

from websocket import Closed, WebSocket


def last(socket):
    """Frames until the end, and how it ended."""
    heard = []
    try:
        while True:
            heard.append(json.loads(socket.receive(5)))
    except Closed as closed:
        return {"heard": heard, "code": closed.code, "reason": closed.reason}


def main():
    base = sys.argv[1]
    for path in ["/", "/ws"]:
        socket = WebSocket(base + path)
        socket.send('{"type":"heartbeat","nodeId":null}')
        socket.send('{"type":"heartbeat","nodeId":null}', binary=True)
        answers = [json.loads(socket.receive(5)) for _ in range(2)]
        socket.ping()
        print(json.dumps({"path": path, "answers": answers}))
        socket.close()
    socket = WebSocket(base + "/ws")
    socket.send('{"type":"heartbeat","logs":"' + "x" * (2 << 20) + '"}')
    print(json.dumps({"huge": last(socket)}))
    print(json.dumps({"unregistered": last(WebSocket(base + "/ws"))}))


if __name__ == "__main__":
    main()
