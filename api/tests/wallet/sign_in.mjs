// A wallet signs in to a running server, by each of the two ways that wallets have. Prints what came of it as JSON.
// usage: node sign_in.mjs BASE_URL
import { UnsafeBurnerWalletAdapter } from "@solana/wallet-adapter-unsafe-burner";

const base = process.argv[2];
// It warns that it keeps its key in memory, which is what a test wants.
console.warn = () => {};

async function ask(path, init = {}) {
  const answer = await fetch(base + path, init);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body)}`);
  return { body, cookie: answer.headers.getSetCookie()[0]?.split(";")[0] };
}

function post(path, body) {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

const base64 = (bytes) => Buffer.from(bytes).toString("base64");

// The session that a signature gives, as a token and as a cookie.
async function session(address, signedMessage, signature) {
  const { body, cookie } = await post("/api/auth/sign-in", {
    address,
    signedMessage: base64(signedMessage),
    signature: base64(signature),
  });
  const byToken = await ask("/api/auth/me", { headers: { authorization: `Bearer ${body.token}` } });
  const byCookie = await ask("/api/auth/me", { headers: { cookie } });
  return { address, signedIn: body.wallet, byToken: byToken.body, byCookie: byCookie.body };
}

// The wallet makes the text of the input itself, with its own address in it.
async function signIn() {
  const wallet = new UnsafeBurnerWalletAdapter();
  const { body } = await post("/api/auth/challenge", {});
  const { account, signedMessage, signature } = await wallet.signIn(body.input);
  return session(account.address, signedMessage, signature);
}

// The same where the address is known before.
async function signInAs() {
  const wallet = new UnsafeBurnerWalletAdapter();
  await wallet.connect();
  const address = wallet.publicKey.toBase58();
  const { body } = await post("/api/auth/challenge", { address });
  const { account, signedMessage, signature } = await wallet.signIn(body.input);
  if (Buffer.from(signedMessage).toString() !== body.message) throw new Error("another text");
  return session(account.address, signedMessage, signature);
}

// A wallet that knows no signIn signs the text that it is given.
async function signMessage() {
  const wallet = new UnsafeBurnerWalletAdapter();
  await wallet.connect();
  const address = wallet.publicKey.toBase58();
  const { body } = await post("/api/auth/challenge", { address });
  const text = new TextEncoder().encode(body.message);
  return session(address, text, await wallet.signMessage(text));
}

const result = { signIn: await signIn(), signInAs: await signInAs(), signMessage: await signMessage() };
console.log(JSON.stringify(result));
