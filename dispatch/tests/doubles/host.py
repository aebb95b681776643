"""A host program of each dialect, as the agents in the field behave. Every frame is a line of JSON on standard output.

    python3 host.py v1|v2|v3|v4|aware --endpoint ws://127.0.0.1:3002 --token TOKEN

What is not a dialect's habit is an option: --heartbeat, --reconnect and --idle shorten waits, --key makes an aware host
prove a key, --owner-key lets it sign as its node's owner, --cut-after breaks the connection, --decline leaves the first
offers.
"""

import argparse
import base64
import datetime
import hashlib
import json
import os
import platform
import subprocess
import sys
import threading
import time

import ed25519
from websocket import Closed, WebSocket

# The old agents stop a command then.
LONGEST = 300


def say(what, frame):
    print(json.dumps({"what": what, "at": round(time.time(), 3), "frame": frame}), flush=True)


def run_shell(command):
    """As v1 and v2 do: in a shell, and nothing else happens meanwhile."""
    try:
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=LONGEST)
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return None, "Job execution timeout"


class Host:
    heartbeat = 15
    first_heartbeat_at_once = False
    reconnects = False

    def __init__(self, options):
        self.options = options
        self.node = None
        self.period = options.heartbeat or self.heartbeat

    def send(self, frame):
        say("sent", frame)
        self.socket.send(json.dumps(frame))

    def host_info(self):
        raise NotImplementedError

    def register(self):
        self.send({"type": "register", "token": self.options.token, "hostInfo": self.host_info()})

    def beat(self):
        self.send({"type": "heartbeat", "nodeId": self.node})

    def job(self, frame):
        raise NotImplementedError

    def take(self, frame):
        kind = frame.get("type")
        if kind == "registered":
            self.node = frame["nodeId"]
        elif kind == "job":
            self.job(frame)

    def tick(self):
        """Called between frames."""

    def session(self):
        self.socket = WebSocket(self.options.endpoint)
        self.register()
        begun = time.monotonic()
        due = begun + (0 if self.first_heartbeat_at_once else self.period)
        while True:
            now = time.monotonic()
            if self.options.cut_after and now - begun > self.options.cut_after:
                self.options.cut_after = None
                self.socket.cut()
                raise Closed(None, "cut")
            if now >= due:
                self.beat()
                due = now + self.period
            self.tick()
            try:
                frame = json.loads(self.socket.receive(min(0.1, max(0.0, due - time.monotonic()))))
            except TimeoutError:
                continue
            say("got", frame)
            self.take(frame)

    def run(self):
        while True:
            try:
                self.session()
            except (Closed, OSError) as error:
                say("closed", {"code": getattr(error, "code", None), "reason": str(error)})
                if not self.reconnects:
                    return
                time.sleep(self.options.reconnect)


class V1(Host):
    """Site-App, agents/python-host."""

    def host_info(self):
        return {
            "hostname": "double-v1",
            "os": f"{platform.system()} {platform.release()}",
            "gpus": [{"name": "NVIDIA GeForce RTX 4090", "memory": "24564 MiB"}],
        }

    def job(self, frame):
        code, logs = run_shell(frame["command"])
        status = "completed" if code == 0 else "failed"
        self.send({"type": "job_result", "id": frame["id"], "status": status, "logs": logs})


class V2(Host):
    """Virtual-Agent, python-host."""

    heartbeat = 10
    first_heartbeat_at_once = True
    reconnects = True

    def host_info(self):
        return {
            "hostname": "double-v2",
            "os": platform.system(),
            "os_version": platform.version(),
            "arch": platform.machine(),
            "gpus": [{"model": "NVIDIA GeForce RTX 3090", "vram": "24576 MiB"}],
            "cpu_count": None,
        }

    def beat(self):
        stamp = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None).isoformat()
        self.send({"type": "heartbeat", "nodeId": self.node, "timestamp": stamp})

    def job(self, frame):
        code, logs = run_shell(frame["command"])
        status = "timeout" if code is None else "completed" if code == 0 else "failed"
        self.send(
            {"type": "job_result", "id": frame["id"], "status": status, "logs": logs[:1000], "exitCode": code}
        )


class V3(V2):
    """The agent inside install.sh: it reads `jobId`, and runs nothing."""

    reconnects = False

    def host_info(self):
        info = super().host_info()
        del info["cpu_count"]
        info["hostname"] = "double-v3"
        info["gpus"] = [{"model": "Quadro P400", "vram": "2048 MiB"}]
        return info

    def job(self, frame):
        time.sleep(2)
        self.send(
            {
                "type": "jobResult",
                "jobId": frame.get("jobId"),
                "nodeId": self.node,
                "status": "completed",
                "result": "Job completed successfully",
            }
        )


class V4(Host):
    """Virtual-Agent, docker-host; its script runs here instead of in a container."""

    heartbeat = 10
    first_heartbeat_at_once = True

    def __init__(self, options):
        super().__init__(options)
        self.done, self.running = [], {}

    def gpus(self):
        return [
            {
                "index": 0,
                "model": "NVIDIA A100-SXM4-80GB",
                "vram_total": "81920 MiB",
                "vram_free": "80000 MiB",
                "utilization": "3%",
            }
        ]

    def host_info(self):
        return {
            "hostname": "double-v4",
            "os": platform.system(),
            "os_version": platform.version(),
            "arch": platform.machine(),
            "gpus": self.gpus(),
            "docker_version": "Docker version 27.0.3",
            "agent_version": "2.0.0-docker",
        }

    def beat(self):
        stats = {
            "jobs_completed": 0,
            "jobs_failed": 0,
            "total_uptime": 0,
            "active_jobs": len(self.running),
            "gpus": self.gpus(),
        }
        self.send({"type": "heartbeat", "nodeId": self.node, "stats": stats})

    def take(self, frame):
        super().take(frame)
        if frame.get("type") == "ping":
            self.send({"type": "pong"})
        elif frame.get("type") == "job_cancel" and frame.get("jobId") in self.running:
            self.running[frame["jobId"]].kill()

    def job(self, frame):
        process = subprocess.Popen(
            [sys.executable, "-c", frame["script"]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.running[frame["id"]] = process

        def wait():
            logs, _ = process.communicate()
            self.done.append((frame["id"], process.returncode, logs))

        threading.Thread(target=wait, daemon=True).start()

    def tick(self):
        while self.done:
            job, code, logs = self.done.pop(0)
            self.running.pop(job, None)
            self.send(
                {
                    "type": "job_result",
                    "id": job,
                    "nodeId": self.node,
                    "status": "completed" if code == 0 else "failed",
                    "success": code == 0,
                    "logs": logs,
                    "exitCode": code,
                    "executionHash": hashlib.sha256(f"{job}{logs}".encode()).hexdigest(),
                    "logsHash": hashlib.sha256(logs.encode()).hexdigest(),
                    "completedAt": int(time.time() * 1000),
                }
            )


class Aware(Host):
    """Lease-aware, as wire documents it: offers, leases, fences, progress, logs, challenge, resume."""

    reconnects = True

    def __init__(self, options):
        super().__init__(options)
        self.session_secret, self.runs, self.declined = None, {}, 0
        self.seed = hashlib.sha256(options.key.encode()).digest() if options.key else None
        self.owner = None
        if options.owner_key:
            with open(options.owner_key) as file:
                self.owner = bytes(json.load(file)[:32])

    def host_info(self):
        return {
            "hostname": "double-aware",
            "os": platform.system(),
            "gpus": [{"name": "NVIDIA H100", "memory": "81559 MiB"}],
            "slots": self.options.slots,
            "sandboxed": True,
            "ask": str(self.options.ask),
        }

    def register(self):
        frame = {"type": "register", "proto": 1, "hostInfo": self.host_info()}
        if self.options.token:
            frame["token"] = self.options.token
        if self.seed:
            frame["key"] = ed25519.base58(ed25519.public(self.seed))
        if self.session_secret:
            frame["resume"] = self.session_secret
        self.send(frame)

    def beat(self):
        running = [{"job": job, "fence": run["fence"]} for job, run in self.runs.items()]
        self.send({"type": "heartbeat", "nodeId": self.node, "running": running})

    def take(self, frame):
        kind = frame.get("type")
        if kind == "registered":
            self.node, self.session_secret = frame["nodeId"], frame.get("session")
            if not self.options.heartbeat:
                self.period = frame["heartbeat_interval_ms"] / 1000
        elif kind == "challenge":
            ts = int(time.time() * 1000)
            text = f"HN-NODE-v1|{frame['hub']}|{frame['nonce']}|{ts}"
            signature = ed25519.base58(ed25519.sign(self.seed, text.encode()))
            self.send({"type": "auth", "signature": signature, "ts": ts})
        elif kind == "offer":
            answer = "accept"
            if self.declined < self.options.decline:
                self.declined, answer = self.declined + 1, "reject"
            self.send({"type": answer, "job": frame["job"], "fence": frame["fence"]})
        elif kind == "job":
            self.begin(frame)
        elif kind == "job_cancel":
            self.runs.pop(frame["jobId"], None)
        elif kind == "sign":
            answer = {"refused": "this host holds no owner's key"}
            if self.owner:
                message = base64.b64decode(frame["bytes"])
                answer = {"signature": ed25519.base58(ed25519.sign(self.owner, message))}
            self.send({"type": "signed", "request": frame["request"], **answer})
        elif kind == "error" and "oken" in frame.get("message", ""):
            self.session_secret = None

    def begin(self, frame):
        # What this host knows how to do: its manifests, and free jobs whose input says how long they take.
        args, free = frame.get("args", {}), frame.get("free", {}).get("input", {})
        seconds = args.get("seconds", free.get("seconds", 5 if frame.get("manifest") == "test" else 0.2))
        self.runs[frame["id"]] = {"fence": frame["fence"], "until": time.monotonic() + seconds, "told": 0}

    def tick(self):
        for job, run in list(self.runs.items()):
            named = {"job": job, "fence": run["fence"]}
            if not run["told"]:
                run["told"] = 1
                self.send({"type": "progress", **named, "permille": 500, "message": "half way"})
                self.send({"type": "log", **named, "stream": "stdout", "chunk": f"working on {job}\n", "seq": 0})
            if time.monotonic() >= run["until"] and not self.options.never:
                del self.runs[job]
                self.send(
                    {
                        "type": "job_result",
                        "id": job,
                        "nodeId": self.node,
                        "fence": run["fence"],
                        "status": "completed",
                        "exitCode": 0,
                        "result": {"answer": 42},
                    }
                )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dialect", choices=["v1", "v2", "v3", "v4", "aware"])
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--token")
    parser.add_argument("--key", help="the seed of an aware host's key, any text")
    parser.add_argument("--owner-key", help="file of the key of the node's owner, as solana-keygen writes it")
    parser.add_argument("--heartbeat", type=float)
    parser.add_argument("--reconnect", type=float, default=5)
    parser.add_argument("--cut-after", type=float)
    parser.add_argument("--decline", type=int, default=0)
    parser.add_argument("--never", action="store_true", help="accept jobs and never end them")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--ask", type=int, default=10_000)
    options = parser.parse_args()
    # Whoever started this ended: so does this.
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    {"v1": V1, "v2": V2, "v3": V3, "v4": V4, "aware": Aware}[options.dialect](options).run()


if __name__ == "__main__":
    main()
