"""A job on chain, as its client and its node's owner go about it: over HTTP and JSON-RPC, with keys of their own.

    python3 onchain.py register --rpc URL --api URL --owner owner.json --name my-gpu   the node on chain; prints its account
    python3 onchain.py link --api URL --owner owner.json --node PDA --host-key TEXT    its host may speak for it
    python3 onchain.py submit --api URL --wallet client.json --label job-1 --price 2.5 a job: asked for, signed, sent, done
    python3 onchain.py sign-in --api URL --wallet client.json                          a token, for curl

Key files are as solana-keygen writes them; on the simulated network `hypernode localnet key owner 5` prints one. TEXT is the
--key of host.py. What comes of it is a line of JSON on standard output; what is refused ends it with the answer.
"""

import argparse
import base64
import hashlib
import json
import sys
import time
import urllib.error
import urllib.request

import ed25519

SYSTEM = bytes(32)


class Refused(Exception):
    pass


def ask(url, body=None, token=None, key=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    if key:
        headers["idempotency-key"] = key
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def expect(status, answered):
    if answered[0] != status:
        raise Refused(json.dumps({"status": answered[0], **answered[1]}))
    return answered[1]


def seed_of(path):
    with open(path) as file:
        return bytes(json.load(file)[:32])


def sign_in(api, seed):
    """A session: the challenge's text, signed as a wallet's signMessage does."""
    address = ed25519.base58(ed25519.public(seed))
    text = expect(200, ask(f"{api}/api/auth/challenge", {"address": address}))["message"].encode()
    signed = {
        "address": address,
        "signedMessage": base64.b64encode(text).decode(),
        "signature": ed25519.base58(ed25519.sign(seed, text)),
    }
    return expect(200, ask(f"{api}/api/auth/sign-in", signed))["token"]


def rpc(url, method, params):
    answer = expect(200, ask(url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
    if "error" in answer:
        raise Refused(json.dumps(answer["error"]))
    return answer["result"]


def address_of(seeds, program):
    """The address that a program derives of seeds: no point of the curve, so nobody has a key for it."""
    for bump in range(255, -1, -1):
        digest = hashlib.sha256(b"".join(seeds) + bytes([bump]) + program + b"ProgramDerivedAddress").digest()
        if not ed25519.on_curve(digest):
            return digest
    raise Refused("these seeds have no address")


def text_of(text):
    data = text.encode()
    return len(data).to_bytes(4, "little") + data


def register(options):
    seed = seed_of(options.owner)
    owner, network = ed25519.public(seed), expect(200, ask(f"{options.api}/api/metrics/validation"))
    program = ed25519.from_base58(network["validation"]["blockchain"]["programIds"]["nodeRegistry"])
    node = address_of([b"node", owner, options.name.encode()], program)
    call = hashlib.sha256(b"global:register_node").digest()[:8]
    call += text_of(options.name) + text_of("0" * 64) + text_of(options.location)
    latest = rpc(options.rpc, "getLatestBlockhash", [{"commitment": "confirmed"}])["value"]["blockhash"]
    keys = [owner, node, SYSTEM, program]
    message = bytes([1, 0, 2, len(keys)]) + b"".join(keys) + ed25519.from_base58(latest)
    # One call: the fourth key's, of the accounts node, owner, system program; its bytes are less than 16,384.
    size = len(call)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    message += bytes([1, 3, 3, 1, 0, 2]) + length + call
    whole = bytes([1]) + ed25519.sign(seed, message) + message
    signature = rpc(options.rpc, "sendTransaction", [base64.b64encode(whole).decode(), {"encoding": "base64"}])
    while True:
        status = rpc(options.rpc, "getSignatureStatuses", [[signature]])["value"][0]
        if status and status["err"]:
            raise Refused(json.dumps(status["err"]))
        if status and status["confirmationStatus"] in ("confirmed", "finalized"):
            break
        time.sleep(0.1)
    return {"node": ed25519.base58(node), "owner": ed25519.base58(owner), "signature": signature}


def link(options):
    seed, host = seed_of(options.owner), hashlib.sha256(options.host_key.encode()).digest()
    owner, ts = ed25519.base58(ed25519.public(seed)), int(time.time() * 1000)
    hub = expect(200, ask(f"{options.api}/api/hosts/challenge", {}))["hub"]
    consent = f"HN-LINK-v1|{hub}|{owner}|{options.node}|{ts}".encode()
    change = {
        "action": "link",
        "key": ed25519.base58(ed25519.public(host)),
        "node": options.node,
        "ts": ts,
        "signature": ed25519.base58(ed25519.sign(host, consent)),
    }
    token, url = sign_in(options.api, seed), f"{options.api}/api/hosts/keys"
    answer = ask(url, change, token)
    # What was confirmed just now may not be indexed yet.
    for _ in range(100):
        if answer[0] != 404 or options.once:
            break
        time.sleep(0.2)
        answer = ask(url, change, token)
    return expect(200, answer)


def submit(options):
    seed = seed_of(options.wallet)
    wallet, token = ed25519.base58(ed25519.public(seed)), sign_in(options.api, seed)
    jobs = f"{options.api}/api/jobs"
    wanted = {
        "walletAddress": wallet,
        "jobType": "render",
        "requirements": {"manifest": "test"},
        "input": {},
        "chain": {"label": options.label, "price": options.price},
    }
    told = expect(200, ask(jobs, wanted, token))["chain"]
    print(json.dumps({"toSign": told}), flush=True)
    whole, message = base64.b64decode(told["transaction"]), base64.b64decode(told["unsigned"])
    assert whole == bytes([2]) + bytes(128) + message, "two empty signatures, then the message"
    assert message[4 + 32 : 4 + 64] == ed25519.public(seed), "the second place is the wallet's"
    signed = whole[:65] + ed25519.sign(seed, message) + message
    wanted["chain"]["transaction"] = base64.b64encode(signed).decode()
    for _ in range(100):
        answer = ask(jobs, wanted, token, f"walk-{options.label}")
        # Its key is filled when the network begins.
        if answer[0] != 503:
            break
        time.sleep(0.2)
    job = expect(201, answer)["job"]
    print(json.dumps({"job": job}), flush=True)
    while job["status"] in ("pending", "queued", "running"):
        time.sleep(0.2)
        job = expect(200, ask(f"{jobs}/{told['jobId']}", None, token))["job"]
    return {"ended": job}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["register", "link", "submit", "sign-in"])
    parser.add_argument("--api", required=True)
    parser.add_argument("--rpc")
    parser.add_argument("--owner")
    parser.add_argument("--name", default="my-gpu")
    parser.add_argument("--location", default="DE")
    parser.add_argument("--node")
    parser.add_argument("--host-key")
    parser.add_argument("--wallet")
    parser.add_argument("--label")
    parser.add_argument("--price", type=float)
    parser.add_argument("--once", action="store_true", help="take the first answer")
    options = parser.parse_args()
    work = {
        "register": register,
        "link": link,
        "submit": submit,
        "sign-in": lambda options: {"token": sign_in(options.api, seed_of(options.wallet))},
    }
    try:
        print(json.dumps(work[options.what](options)), flush=True)
    except Refused as refused:
        print(refused, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
