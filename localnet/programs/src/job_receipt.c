/* job_receipt: jobs, their results and their settlement in tokens. */
#include "runtime.h"

enum {
    JobIdTooLong = 6000, JobAlreadyExists, JobNotFound, InvalidJobType, InvalidJobStatus, JobNotPending,
    JobNotAssigned, JobNotCompleted, JobAlreadySettled, Unauthorized, InvalidPrice, RequirementsHashTooLong,
    ResultHashInvalid, LogsUrlTooLong,
};
enum { PENDING, ASSIGNED, RUNNING, COMPLETED, FAILED, CANCELLED };

#define JOB_ACCOUNT DISC(5b10a2052dd27d41)
#define SPACE (8 + (4 + 32) + 32 + 32 + 1 + 8 + (4 + 64) + 8 + 8 + 1 + (4 + 64) + (4 + 128) + 1 + 1)

/* Where the parts of a JobAccount lie: strings are stored compactly, so what follows them moves. */
typedef struct { Account *account; Slice id; u8 *client; u8 *middle; u8 *results; u8 *end; } Job;
#define ASSIGNED_NODE(j) ((j).client + 32)
#define JOB_TYPE(j) ((j).client + 64)
#define PRICE(j) ((j).client + 65)
#define CREATED_AT(j) ((j).middle)
#define COMPLETED_AT(j) ((j).middle + 8)
#define STATUS(j) ((j).middle + 16)
#define SETTLED(j) ((j).end)
#define BUMP(j) ((j).end + 1)

static u64 skip_string(u8 **at, u64 most) {
    u64 len = load32(*at);
    REQUIRE(len <= most, ACCOUNT_DID_NOT_DESERIALIZE);
    *at += 4 + len;
    return 0;
}
static u64 layout(Job *job) {
    u8 *at = job->account->data + 8;
    job->id.at = at + 4;
    job->id.len = load32(at);
    TRY(skip_string(&at, 32));
    job->client = at;
    at += 73;
    TRY(skip_string(&at, 64));
    job->middle = at;
    job->results = at += 17;
    TRY(skip_string(&at, 64));
    TRY(skip_string(&at, 128));
    job->end = at;
    return 0;
}
static u64 load_job(Job *job) {
    job->account = ACC(0);
    TRY(need_state(job->account, JOB_ACCOUNT, SPACE));
    TRY(need_mut(job->account));
    return layout(job);
}
static u8 *put_string(u8 *at, const Slice *s) {
    *(u32 *)at = (u32)s->len;
    copy(at + 4, s->at, s->len);
    return at + 4 + s->len;
}

static u64 create_job(void) {
    LOG("Instruction: CreateJob");
    Slice id, requirements;
    u8 type, bump;
    u64 price;
    TRY(arg_string(&id));
    TRY(arg_u8(&type));
    TRY(arg_u64(&price));
    TRY(arg_string(&requirements));
    TRY(need_accounts(3));
    Account *client = ACC(1);
    ENSURE(id.len <= 32, JobIdTooLong); /* a longer one has no address either */
    TRY(need_signer(client));
    TRY(need_mut(client));
    TRY(need_program(ACC(2), SYSTEM_PROGRAM));
    ENSURE(type <= 5, InvalidJobType);
    ENSURE(price > 0, InvalidPrice);
    ENSURE(requirements.len <= 64, RequirementsHashTooLong);
    Slice seeds[4];
    seeds[0] = TEXT("job");
    seeds[1] = slice(client->key, 32);
    seeds[2] = id;
    TRY(init_account(ACC(0), client, seeds, 3, SPACE, JOB_ACCOUNT, &bump));
    /* Everything that is not set here is zero: status pending, no node, empty results. */
    u8 *at = put_string(ACC(0)->data + 8, &id);
    copy_key(at, client->key);
    at[64] = type;
    store64(at + 65, price);
    put_string(at + 73, &requirements);
    Job job = {.account = ACC(0)};
    TRY(layout(&job));
    i64 time = now();
    store64(CREATED_AT(job), (u64)time);
    *BUMP(job) = bump;
    event(DISC(1910bd9884d7a274)); /* JobCreatedEvent */
    event_string(id.at, id.len);
    event_key(client->key);
    event_u8(type);
    event_u64(price);
    event_u64((u64)time);
    emit();
    return 0;
}
static u64 assign_job(void) {
    LOG("Instruction: AssignJob");
    Slice node_id;
    TRY(arg_string(&node_id));
    TRY(need_accounts(3));
    Job job;
    TRY(load_job(&job));
    TRY(need_signer(ACC(1)));
    ENSURE(*STATUS(job) == PENDING, JobNotPending);
    const u8 *operator = ACC(2)->key;
    copy_key(ASSIGNED_NODE(job), operator);
    *STATUS(job) = ASSIGNED;
    event(DISC(d49a1e763e4df403)); /* JobAssignedEvent */
    event_string(job.id.at, job.id.len);
    event_string(node_id.at, node_id.len);
    event_key(operator);
    event_u64((u64)now());
    emit();
    return 0;
}
static u64 submit_result(void) {
    LOG("Instruction: SubmitResult");
    Slice hash, url;
    TRY(arg_string(&hash));
    TRY(arg_string(&url));
    TRY(need_accounts(3));
    Job job;
    TRY(load_job(&job));
    TRY(need_signer(ACC(1)));
    TRY(need_mut(ACC(1)));
    ENSURE(same_key(ACC(2)->key, ASSIGNED_NODE(job)), Unauthorized);
    ENSURE(*STATUS(job) == ASSIGNED, JobNotAssigned);
    ENSURE(hash.len > 0 && hash.len <= 64, ResultHashInvalid);
    ENSURE(url.len <= 128, LogsUrlTooLong);
    u8 bump = *BUMP(job);
    i64 time = now();
    *STATUS(job) = COMPLETED;
    store64(COMPLETED_AT(job), (u64)time);
    u8 *at = put_string(job.results, &hash);
    at = put_string(at, &url);
    at[0] = 0; /* not settled */
    at[1] = bump;
    event(DISC(78006a49dd7a332b)); /* JobCompletedEvent */
    event_string(job.id.at, job.id.len);
    event_key(ACC(1)->key);
    event_string(hash.at, hash.len);
    event_string(url.at, url.len);
    event_u64((u64)time);
    emit();
    return 0;
}
static u64 settle_job(void) {
    LOG("Instruction: SettleJob");
    TRY(need_accounts(7));
    Job job;
    TRY(load_job(&job));
    for (u64 i = 1; i <= 4; i++) {
        if (!same_key(ACC(i)->owner, TOKEN_PROGRAM)) return OWNED_BY_WRONG_PROGRAM;
        TRY(need_mut(ACC(i)));
    }
    TRY(need_signer(ACC(5)));
    TRY(need_program(ACC(6), TOKEN_PROGRAM));
    ENSURE(*STATUS(job) == COMPLETED, JobNotCompleted);
    ENSURE(*SETTLED(job) == 0, JobAlreadySettled);
    u64 price = load64(PRICE(job));
    ENSURE(price <= ~0ul / 80, InvalidPrice);
    /* The remaining 5 % belong to nobody here: they stay with the client. */
    u64 operator = price * 80 / 100, treasury = price * 10 / 100, incentive = price * 5 / 100;
    transfer_tokens(ACC(1), ACC(2), ACC(5), operator);
    transfer_tokens(ACC(1), ACC(3), ACC(5), treasury);
    transfer_tokens(ACC(1), ACC(4), ACC(5), incentive);
    *SETTLED(job) = 1;
    event(DISC(9b1973aae6f1328e)); /* PaymentDistributedEvent */
    event_string(job.id.at, job.id.len);
    event_u64(operator);
    event_u64(treasury);
    event_u64(incentive);
    event_u64((u64)now());
    emit();
    return 0;
}
static u64 cancel_job(void) {
    LOG("Instruction: CancelJob");
    TRY(need_accounts(2));
    Job job;
    TRY(load_job(&job));
    TRY(need_signer(ACC(1)));
    ENSURE(same_key(job.client, ACC(1)->key), Unauthorized);
    ENSURE(*STATUS(job) == PENDING || *STATUS(job) == ASSIGNED, InvalidJobStatus);
    *STATUS(job) = CANCELLED;
    event(DISC(b17c26379c87b8f7)); /* JobCancelledEvent */
    event_string(job.id.at, job.id.len);
    event_key(job.client);
    event_u64((u64)now());
    emit();
    return 0;
}

u64 entrypoint(u8 *input) {
    TRY(parse(input));
    REQUIRE(CTX->end - CTX->data >= 8, FALLBACK_NOT_FOUND);
    u64 name = load64(CTX->data);
    CTX->data += 8;
    if (name == DISC(b282d96e641b5277)) return create_job();
    if (name == DISC(25eb690dc43af80a)) return assign_job();
    if (name == DISC(f02a59b40aef09d6)) return submit_result();
    if (name == DISC(f69bdd22a846ad48)) return settle_job();
    if (name == DISC(7ef19bf132ec5376)) return cancel_job();
    return FALLBACK_NOT_FOUND;
}
