/* probe: does what its instruction data says. It plays the honest caller and the forger in tests, and is how
 * localnet produces CPI events. Data is a list of records [op u8][len u16][payload of len bytes]:
 *   1 data   segments [len u16][bytes]…: one sol_log_data of all of them (at most 16)
 *   2 log    text: one sol_log
 *   3 call   [program's account index u8][count u8]([index u8][flags u8: 1 signer, 2 writable])… data
 *   4 fail   [code u32]: ends with this custom error
 *   5 return bytes: sets return data
 *   6 event  [authority's account index u8] bytes: Anchor's emit_cpi, a call of itself signed by its
 *            "__event_authority" address, with the event tag before the bytes
 *   7 flood  [lines u16][length u16]: logs that many lines of that many dots */
#include "runtime.h"

enum { BAD_RECORD = 1, BAD_AUTHORITY = 2 };
#define EVENT_TAG DISC(e445a52e51cb9a1d)
#define SCRATCH ((u8 *)(HEAP + 0x4000))

#define AUTHORITY_SEED TEXT("__event_authority")
static inline u64 load16(const u8 *at) { return at[0] | (u64)at[1] << 8; }

static u64 log_data(const u8 *at, const u8 *end) {
    Slice *parts = (Slice *)SCRATCH;
    u64 count = 0;
    while (at < end) {
        REQUIRE(end - at >= 2 && count < 16, BAD_RECORD);
        u64 len = load16(at);
        REQUIRE(len <= (u64)(end - at - 2), BAD_RECORD);
        parts[count].at = at + 2;
        parts[count].len = len;
        count++;
        at += 2 + len;
    }
    sol_log_data(parts, count);
    return 0;
}
static u64 call(const u8 *at, const u8 *end) {
    REQUIRE(end - at >= 2, BAD_RECORD);
    u64 program = at[0], count = at[1];
    at += 2;
    REQUIRE(program < CTX->accounts_len && count <= MAX_ACCOUNTS && count * 2 <= (u64)(end - at), BAD_RECORD);
    Meta *metas = (Meta *)SCRATCH;
    for (u64 i = 0; i < count; i++, at += 2) {
        REQUIRE(at[0] < CTX->accounts_len, BAD_RECORD);
        metas[i].key = ACC(at[0])->key;
        metas[i].signer = at[1] & 1;
        metas[i].writable = at[1] >> 1 & 1;
    }
    Call c = {ACC(program)->key, metas, count, at, (u64)(end - at)};
    invoke(&c, NULL, 0);
    return 0;
}
static u64 emit_cpi(const u8 *at, const u8 *end) {
    u8 address[32], bump;
    REQUIRE(end - at >= 1 && at[0] < CTX->accounts_len && end - at <= 4096, BAD_RECORD);
    Slice seeds[2];
    seeds[0] = AUTHORITY_SEED;
    seeds[1] = slice(&bump, 1);
    TRY(sol_try_find_program_address(seeds, 1, CTX->program, address, &bump) ? BAD_AUTHORITY : 0);
    Signer signer = {seeds, 2};
    Meta meta = {ACC(at[0])->key, 0, 1};
    u8 *data = SCRATCH;
    store64(data, EVENT_TAG);
    copy(data + 8, at + 1, end - at - 1);
    Call c = {CTX->program, &meta, 1, data, 8 + (u64)(end - at - 1)};
    invoke(&c, &signer, 1);
    return 0;
}
static u64 flood(u64 lines, u64 length) {
    REQUIRE(length <= 0x3000, BAD_RECORD);
    for (u64 i = 0; i < length; i++) SCRATCH[i] = '.';
    for (u64 i = 0; i < lines; i++) sol_log_(SCRATCH, length);
    return 0;
}

u64 entrypoint(u8 *input) {
    TRY(parse(input));
    if (CTX->end - CTX->data >= 8 && load64(CTX->data) == EVENT_TAG) {
        u8 address[32], bump;
        Slice seed = AUTHORITY_SEED;
        TRY(sol_try_find_program_address(&seed, 1, CTX->program, address, &bump) ? BAD_AUTHORITY : 0);
        REQUIRE(CTX->accounts_len >= 1 && ACC(0)->signer && same_key(ACC(0)->key, address), BAD_AUTHORITY);
        return 0;
    }
    const u8 *at = CTX->data;
    while (at < CTX->end) {
        REQUIRE(CTX->end - at >= 3, BAD_RECORD);
        u64 op = at[0], len = load16(at + 1);
        at += 3;
        REQUIRE(len <= (u64)(CTX->end - at), BAD_RECORD);
        const u8 *next = at + len;
        if (op == 1) TRY(log_data(at, next));
        else if (op == 2) sol_log_(at, len);
        else if (op == 3) TRY(call(at, next));
        else if (op == 4) return len == 4 && load32(at) ? load32(at) : BAD_RECORD;
        else if (op == 5) sol_set_return_data(at, len);
        else if (op == 6) TRY(emit_cpi(at, next));
        else if (op == 7 && len == 4) TRY(flood(load16(at), load16(at + 2)));
        else return BAD_RECORD;
        at = next;
    }
    return 0;
}
