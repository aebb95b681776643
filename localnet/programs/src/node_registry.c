/* node_registry: nodes as their owners register them. Account layout of the design that the crate wires up. */
#include "runtime.h"

enum {
    NodeIdTooLong = 6000, InvalidGpuSpecsHash, LocationTooLong, NodeNotOnline, NodeAlreadyRegistered,
    InsufficientStake, UnauthorizedNotOwner, NodeSuspended, HeartbeatTooFrequent,
};
enum { ONLINE, OFFLINE, SUSPENDED };

#define NODE_ACCOUNT DISC(7da61292c37f56dc)
#define SPACE (8 + 32 + 3 * (4 + 64) + 8 + 8 + 1 + 8 + 2 + 8 + 8 + 1)

/* Where the parts of a NodeAccount lie: strings are stored compactly, so the tail moves. */
typedef struct { Account *account; u8 *owner; Slice id; u8 *tail; } Node;
#define REGISTERED_AT(n) ((n).tail)
#define LAST_HEARTBEAT(n) ((n).tail + 8)
#define STATUS(n) ((n).tail + 16)
#define STAKE(n) ((n).tail + 17)
#define REPUTATION(n) ((u16 *)((n).tail + 25))
#define JOBS_COMPLETED(n) ((n).tail + 27)
#define TOTAL_EARNED(n) ((n).tail + 35)
#define BUMP(n) ((n).tail + 43)

static u64 layout(Node *node) {
    node->owner = node->account->data + 8;
    u8 *at = node->owner + 32;
    for (u64 i = 0; i < 3; i++) {
        u64 len = load32(at);
        REQUIRE(len <= 64, ACCOUNT_DID_NOT_DESERIALIZE);
        if (i == 0) { node->id.at = at + 4; node->id.len = len; }
        at += 4 + len;
    }
    node->tail = at;
    return 0;
}
static u64 load_node(Node *node) {
    node->account = ACC(0);
    TRY(need_state(node->account, NODE_ACCOUNT, SPACE));
    TRY(need_mut(node->account));
    return layout(node);
}
/* The node of account 0, when the signer in account 1 owns it. */
static u64 load_own(Node *node) {
    TRY(need_accounts(2));
    TRY(load_node(node));
    TRY(need_signer(ACC(1)));
    ENSURE(same_key(node->owner, ACC(1)->key), UnauthorizedNotOwner);
    return 0;
}
static void raise_reputation(Node *node, u64 by) {
    u64 score = *REPUTATION(*node);
    score = by > 1000 - (score < 1000 ? score : 1000) ? 1000 : score + by;
    *REPUTATION(*node) = (u16)score;
}
static u8 *put_string(u8 *at, const Slice *s) {
    *(u32 *)at = (u32)s->len;
    copy(at + 4, s->at, s->len);
    return at + 4 + s->len;
}

static u64 register_node(void) {
    LOG("Instruction: RegisterNode");
    Slice id, specs, location;
    TRY(arg_string(&id));
    TRY(arg_string(&specs));
    TRY(arg_string(&location));
    TRY(need_accounts(3));
    Account *owner = ACC(1);
    /* The layout has room for 64 bytes, but the address takes the id as one seed, which holds 32. */
    ENSURE(id.len <= 32, NodeIdTooLong);
    ENSURE(specs.len > 0 && specs.len <= 64, InvalidGpuSpecsHash);
    ENSURE(location.len <= 64, LocationTooLong);
    TRY(need_signer(owner));
    TRY(need_mut(owner));
    TRY(need_program(ACC(2), SYSTEM_PROGRAM));
    Slice seeds[4];
    seeds[0] = TEXT("node");
    seeds[1] = slice(owner->key, 32);
    seeds[2] = id;
    u8 bump;
    TRY(init_account(ACC(0), owner, seeds, 3, SPACE, NODE_ACCOUNT, &bump));
    Node node = {.account = ACC(0)};
    node.owner = node.account->data + 8;
    copy_key(node.owner, owner->key);
    u8 *at = put_string(node.owner + 32, &id);
    at = put_string(at, &specs);
    node.tail = put_string(at, &location);
    i64 time = now();
    store64(REGISTERED_AT(node), (u64)time);
    store64(LAST_HEARTBEAT(node), (u64)time);
    *STATUS(node) = ONLINE;
    *REPUTATION(node) = 100;
    *BUMP(node) = bump;
    event(DISC(0f39b73b5d379dc3)); /* NodeRegistered */
    event_string(id.at, id.len);
    event_key(owner->key);
    event_u64((u64)time);
    emit();
    return 0;
}
static u64 update_node_status(void) {
    LOG("Instruction: UpdateNodeStatus");
    u8 status;
    TRY(arg_u8(&status));
    REQUIRE(status <= SUSPENDED, DID_NOT_DESERIALIZE);
    Node node;
    TRY(load_own(&node));
    *STATUS(node) = status;
    event(DISC(1e2f8ed280907173)); /* NodeStatusUpdated */
    event_string(node.id.at, node.id.len);
    event_u8(status);
    event_u64((u64)now());
    emit();
    return 0;
}
static u64 heartbeat(void) {
    LOG("Instruction: Heartbeat");
    Node node;
    TRY(load_own(&node));
    ENSURE(*STATUS(node) != SUSPENDED, NodeSuspended);
    ENSURE(*STATUS(node) == ONLINE, NodeNotOnline);
    i64 time = now();
    ENSURE(time - (i64)load64(LAST_HEARTBEAT(node)) >= 30, HeartbeatTooFrequent);
    store64(LAST_HEARTBEAT(node), (u64)time);
    return 0;
}
static u64 stake_for_node(void) {
    LOG("Instruction: StakeForNode");
    u64 amount;
    TRY(arg_u64(&amount));
    Node node;
    TRY(load_own(&node));
    u64 stake = load64(STAKE(node));
    ENSURE(amount > 0 && stake + amount >= stake, InsufficientStake);
    store64(STAKE(node), stake + amount);
    u64 coins = amount / 1000000000;
    raise_reputation(&node, coins > 100 ? 1000 : coins * 10);
    return 0;
}
static u64 deregister_node(void) {
    LOG("Instruction: DeregisterNode");
    Node node;
    TRY(load_own(&node));
    TRY(need_mut(ACC(1)));
    event(DISC(0d0a002f23983408)); /* NodeDeregistered */
    event_string(node.id.at, node.id.len);
    event_key(node.owner);
    event_u64((u64)now());
    emit();
    close_account(node.account, ACC(1));
    return 0;
}
static u64 increment_jobs_completed(void) {
    LOG("Instruction: IncrementJobsCompleted");
    TRY(need_accounts(1));
    Node node;
    TRY(load_node(&node));
    store64(JOBS_COMPLETED(node), load64(JOBS_COMPLETED(node)) + 1);
    raise_reputation(&node, 1);
    return 0;
}
static u64 add_earnings(void) {
    LOG("Instruction: AddEarnings");
    u64 amount;
    TRY(arg_u64(&amount));
    TRY(need_accounts(1));
    Node node;
    TRY(load_node(&node));
    u64 earned = load64(TOTAL_EARNED(node));
    store64(TOTAL_EARNED(node), earned + amount < earned ? ~0ul : earned + amount);
    return 0;
}

u64 entrypoint(u8 *input) {
    TRY(parse(input));
    REQUIRE(CTX->end - CTX->data >= 8, FALLBACK_NOT_FOUND);
    u64 name = load64(CTX->data);
    CTX->data += 8;
    if (name == DISC(66557572c2bcd3a8)) return register_node();
    if (name == DISC(592d1afcc19e7518)) return update_node_status();
    if (name == DISC(ca683806f0aa3f86)) return heartbeat();
    if (name == DISC(8f4b9762b89628fa)) return stake_for_node();
    if (name == DISC(5cb15d1e45b12eb1)) return deregister_node();
    if (name == DISC(3a384998b9a887a3)) return increment_jobs_completed();
    if (name == DISC(21ee333d862c2a6f)) return add_earnings();
    return FALLBACK_NOT_FOUND;
}
