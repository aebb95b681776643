/* What a program needs of the runtime, and of Anchor's conventions: input parsing, logs, events, errors,
 * accounts created by CPI. Freestanding; large things live on the 32 KiB heap, which starts zeroed. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;
#define NULL ((void *)0)

typedef struct { const u8 *at; u64 len; } Slice;
typedef struct { const u8 *key; u8 writable, signer; } Meta;
typedef struct { const u8 *program; const Meta *metas; u64 metas_len; const u8 *data; u64 data_len; } Call;
typedef struct { const Slice *seeds; u64 len; } Signer;
typedef struct {
    const u8 *key; u64 *lamports; u64 data_len; u8 *data; u8 *owner; u64 rent_epoch;
    u8 signer, writable, executable;
} Account;

extern void sol_log_(const u8 *text, u64 len);
extern void sol_log_data(const Slice *parts, u64 len);
extern u64 sol_invoke_signed_c(const Call *call, const Account *accounts, u64 accounts_len, const Signer *signers, u64 signers_len);
extern u64 sol_try_find_program_address(const Slice *seeds, u64 len, const u8 *program, u8 *address, u8 *bump);
extern u64 sol_create_program_address(const Slice *seeds, u64 len, const u8 *program, u8 *address);
extern u64 sol_get_clock_sysvar(u8 *clock);
extern void sol_set_return_data(const u8 *data, u64 len);

/* The first bytes of a SHA-256, written as in `sha256sum`, as the little-endian number they are loaded as. */
#define DISC(hex) __builtin_bswap64(0x##hex##ul)

/* Anchor's own error codes. */
enum {
    FALLBACK_NOT_FOUND = 101, DID_NOT_DESERIALIZE = 102,
    CONSTRAINT_MUT = 2000, CONSTRAINT_SEEDS = 2006,
    DISCRIMINATOR_NOT_FOUND = 3001, DISCRIMINATOR_MISMATCH = 3002, ACCOUNT_DID_NOT_DESERIALIZE = 3003,
    NOT_ENOUGH_KEYS = 3005, OWNED_BY_WRONG_PROGRAM = 3007, INVALID_PROGRAM_ID = 3008, NOT_SIGNER = 3010,
    NOT_SYSTEM_OWNED = 3011, NOT_INITIALIZED = 3012,
};

#define MAX_ACCOUNTS 64
#define HEAP 0x300000000ul
typedef struct {
    Account accounts[MAX_ACCOUNTS];
    u64 accounts_len;
    const u8 *data, *end; /* what is left of the instruction's data */
    const u8 *program;
    u8 *out;              /* write cursor into `event` */
    u8 event[12288]; /* more than the longest instruction, whose strings it may repeat */
    u8 line[256];
} Context;
#define CTX ((Context *)HEAP)
#define ACC(i) (&CTX->accounts[i])

/* A code that is not 0 ends the instruction with that error. */
#define TRY(expression) do { u64 code_ = (expression); if (code_) return code_; } while (0)
#define REQUIRE(condition, code) do { if (!(condition)) return (code); } while (0)

static const u8 SYSTEM_PROGRAM[32] = {0};
static const u8 TOKEN_PROGRAM[32] = {
    0x06, 0xdd, 0xf6, 0xe1, 0xd7, 0x65, 0xa1, 0x93, 0xd9, 0xcb, 0xe1, 0x46, 0xce, 0xeb, 0x79, 0xac,
    0x1c, 0xb4, 0x85, 0xed, 0x5f, 0x5b, 0x37, 0x91, 0x3a, 0x8c, 0xf5, 0x85, 0x7e, 0xff, 0x00, 0xa9};

static inline u64 load64(const u8 *at) { return *(const u64 *)at; }
static inline u32 load32(const u8 *at) { return *(const u32 *)at; }
static inline void store64(u8 *at, u64 value) { *(u64 *)at = value; }

static inline void copy(u8 *to, const u8 *from, u64 len) {
    for (u64 i = 0; i < len; i++) to[i] = from[i];
}
static inline void copy_key(u8 *to, const u8 *from) {
    for (u64 i = 0; i < 32; i += 8) store64(to + i, load64(from + i));
}
static inline int same_key(const u8 *a, const u8 *b) {
    return load64(a) == load64(b) && load64(a + 8) == load64(b + 8) && load64(a + 16) == load64(b + 16) &&
           load64(a + 24) == load64(b + 24);
}

static inline Slice slice(const void *at, u64 len) {
    Slice s;
    s.at = at;
    s.len = len;
    return s;
}
#define TEXT(literal) slice(literal, sizeof(literal) - 1)

/* ---- input ---- */

static u64 parse(u8 *input) {
    u64 count = load64(input);
    u8 *at = input + 8;
    if (count > MAX_ACCOUNTS) return NOT_ENOUGH_KEYS;
    for (u64 i = 0; i < count; i++) {
        Account *a = ACC(i);
        u8 duplicate = at[0];
        if (duplicate != 0xff) {
            const Account *of = ACC(duplicate);
            a->key = of->key; a->lamports = of->lamports; a->data_len = of->data_len; a->data = of->data;
            a->owner = of->owner; a->rent_epoch = of->rent_epoch;
            a->signer = of->signer; a->writable = of->writable; a->executable = of->executable;
            at += 8;
            continue;
        }
        a->signer = at[1]; a->writable = at[2]; a->executable = at[3];
        a->key = at + 8;
        a->owner = at + 40;
        a->lamports = (u64 *)(at + 72);
        a->data_len = load64(at + 80);
        a->data = at + 88;
        u64 padded = (a->data_len + 7) & ~7ul;
        at += 88 + padded + 10240;
        a->rent_epoch = load64(at);
        at += 8;
    }
    CTX->accounts_len = count;
    u64 len = load64(at);
    CTX->data = at + 8;
    CTX->end = CTX->data + len;
    CTX->program = CTX->end;
    return 0;
}

/* ---- instruction arguments: borsh ---- */

static int valid_utf8(const u8 *at, u64 len) {
    for (u64 i = 0; i < len;) {
        u8 c = at[i];
        if (c < 0x80) { i++; continue; }
        u64 more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        if (c < 0xc2 || c > 0xf4 || i + more >= len) return 0;
        for (u64 k = 1; k <= more; k++) if ((at[i + k] & 0xc0) != 0x80) return 0;
        u8 d = at[i + 1]; /* overlong forms, surrogates, beyond U+10FFFF */
        if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f)) return 0;
        i += more + 1;
    }
    return 1;
}
static u64 arg_string(Slice *out) {
    REQUIRE(CTX->end - CTX->data >= 4, DID_NOT_DESERIALIZE);
    out->len = load32(CTX->data);
    out->at = CTX->data + 4;
    REQUIRE(out->len <= (u64)(CTX->end - out->at), DID_NOT_DESERIALIZE);
    REQUIRE(valid_utf8(out->at, out->len), DID_NOT_DESERIALIZE);
    CTX->data = out->at + out->len;
    return 0;
}
static inline u64 arg_u8(u8 *out) {
    REQUIRE(CTX->data < CTX->end, DID_NOT_DESERIALIZE);
    *out = *CTX->data++;
    return 0;
}
static inline u64 arg_u64(u64 *out) {
    REQUIRE(CTX->end - CTX->data >= 8, DID_NOT_DESERIALIZE);
    *out = load64(CTX->data);
    CTX->data += 8;
    return 0;
}

/* ---- account constraints, with Anchor's codes ---- */

static inline u64 need_accounts(u64 count) {
    REQUIRE(CTX->accounts_len >= count, NOT_ENOUGH_KEYS);
    return 0;
}
static inline u64 need_signer(const Account *a) {
    REQUIRE(a->signer, NOT_SIGNER);
    return 0;
}
static inline u64 need_mut(const Account *a) {
    REQUIRE(a->writable, CONSTRAINT_MUT);
    return 0;
}
static inline u64 need_program(const Account *a, const u8 *id) {
    REQUIRE(same_key(a->key, id), INVALID_PROGRAM_ID);
    return 0;
}
static u64 need_state(const Account *a, u64 discriminator, u64 size) {
    if (same_key(a->owner, SYSTEM_PROGRAM) && *a->lamports == 0) return NOT_INITIALIZED;
    REQUIRE(same_key(a->owner, CTX->program), OWNED_BY_WRONG_PROGRAM);
    REQUIRE(a->data_len >= 8, DISCRIMINATOR_NOT_FOUND);
    REQUIRE(load64(a->data) == discriminator, DISCRIMINATOR_MISMATCH);
    REQUIRE(a->data_len >= size, ACCOUNT_DID_NOT_DESERIALIZE);
    return 0;
}

/* ---- logs, errors, events ---- */

#define LOG(text) sol_log_((const u8 *)(text), sizeof(text) - 1)

static u8 *put_text(u8 *at, const char *text) {
    while (*text) *at++ = (u8)*text++;
    return at;
}
static u8 *put_number(u8 *at, u64 value) {
    u8 digits[20];
    u64 n = 0;
    do { digits[n++] = '0' + value % 10; value /= 10; } while (value);
    while (n) *at++ = digits[--n];
    return at;
}
/* Logs an error as Anchor does and passes its code on. */
static u64 report(const char *name, u64 code) {
    u8 *at = put_text(CTX->line, "AnchorError occurred. Error Code: ");
    at = put_text(at, name);
    at = put_text(at, ". Error Number: ");
    at = put_number(at, code);
    at = put_text(at, ". Error Message: ");
    at = put_text(at, name);
    *at++ = '.';
    sol_log_(CTX->line, at - CTX->line);
    return code;
}
/* A program's own error: the enum's constant, named in the log. */
#define ENSURE(condition, error) do { if (!(condition)) return report(#error, error); } while (0)

static inline void event(u64 discriminator) {
    CTX->out = CTX->event + 8;
    store64(CTX->event, discriminator);
}
static void event_string(const u8 *at, u64 len) {
    *(u32 *)CTX->out = (u32)len;
    copy(CTX->out + 4, at, len);
    CTX->out += 4 + len;
}
static inline void event_key(const u8 *key) { copy_key(CTX->out, key); CTX->out += 32; }
static inline void event_u8(u8 value) { *CTX->out++ = value; }
static inline void event_u64(u64 value) { store64(CTX->out, value); CTX->out += 8; }
static inline void emit(void) {
    Slice part = {CTX->event, (u64)(CTX->out - CTX->event)};
    sol_log_data(&part, 1);
}

static inline i64 now(void) {
    u8 clock[40];
    sol_get_clock_sysvar(clock);
    return (i64)load64(clock + 32);
}

/* ---- calls ---- */

static inline void invoke(const Call *call, const Signer *signers, u64 signers_len) {
    sol_invoke_signed_c(call, CTX->accounts, CTX->accounts_len, signers, signers_len);
}
static void system_call(const u8 *data, u64 len, const u8 *first, int first_signs, const u8 *second, const Signer *signer) {
    Meta metas[2] = {{first, 1, (u8)first_signs}, {second, 1, 1}};
    Call call = {SYSTEM_PROGRAM, metas, second ? 2 : 1, data, len};
    invoke(&call, signer, signer ? 1 : 0);
}
/* Anchor's `init`: the account is the program's address of these seeds (room for the bump at the end), is
 * created with `size` bytes at the payer's expense, and gets its discriminator. */
static u64 init_account(Account *account, Account *payer, Slice *seeds, u64 seeds_len, u64 size, u64 discriminator, u8 *bump) {
    u8 address[32], data[52];
    TRY(sol_try_find_program_address(seeds, seeds_len, CTX->program, address, bump) ? CONSTRAINT_SEEDS : 0);
    REQUIRE(same_key(address, account->key), CONSTRAINT_SEEDS);
    TRY(need_mut(account));
    seeds[seeds_len].at = bump;
    seeds[seeds_len].len = 1;
    Signer signer = {seeds, seeds_len + 1};
    u64 rent = (128 + size) * 6960; /* lamports of two years' rent: exempt */
    u64 held = *account->lamports;
    if (held == 0) {
        *(u32 *)data = 0; /* CreateAccount */
        store64(data + 4, rent);
        store64(data + 12, size);
        copy_key(data + 20, CTX->program);
        system_call(data, 52, payer->key, 1, account->key, &signer);
    } else { /* somebody sent lamports there first: that must not block the account */
        if (held < rent) {
            Meta metas[2] = {{payer->key, 1, 1}, {account->key, 1, 0}};
            *(u32 *)data = 2; /* Transfer */
            store64(data + 4, rent - held);
            Call call = {SYSTEM_PROGRAM, metas, 2, data, 12};
            invoke(&call, NULL, 0);
        }
        *(u32 *)data = 8; /* Allocate: refuses an account in use */
        store64(data + 4, size);
        system_call(data, 12, account->key, 1, NULL, &signer);
        *(u32 *)data = 1; /* Assign */
        copy_key(data + 4, CTX->program);
        system_call(data, 36, account->key, 1, NULL, &signer);
    }
    account->data_len = size;
    store64(account->data, discriminator);
    return 0;
}
/* Anchor's `close`: lamports to `to`, data gone, ownership back to the system program. */
static void close_account(Account *account, Account *to) {
    u64 lamports = *account->lamports;
    *account->lamports = 0;
    *to->lamports += lamports;
    store64(account->data - 8, 0);
    copy_key(account->owner, SYSTEM_PROGRAM);
}
/* SPL token transfer signed by the transaction's own signer. */
static void transfer_tokens(const Account *from, const Account *to, const Account *authority, u64 amount) {
    Meta metas[3] = {{from->key, 1, 0}, {to->key, 1, 0}, {authority->key, 0, 1}};
    u8 data[9];
    data[0] = 3;
    store64(data + 1, amount);
    Call call = {TOKEN_PROGRAM, metas, 3, data, 9};
    invoke(&call, NULL, 0);
}
static inline u64 token_balance(const Account *a) { return a->data_len == 165 ? load64(a->data + 64) : 0; }
