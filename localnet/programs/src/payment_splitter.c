/* payment_splitter: splits a payment by configured percentages. */
#include "runtime.h"

enum { InvalidSharePercentages = 6000, Unauthorized, InvalidAmount, AlreadyInitialized, InsufficientBalance, MathOverflow };

#define SPLITTER_CONFIG DISC(2546425993d53b99)
#define SPACE (8 + 3 * 32 + 4 + 8 + 8 + 1)
#define AUTHORITY(c) ((c)->data + 8)
#define SHARES(c) ((c)->data + 104)
#define BUMP(c) ((c)->data + 124)

static u64 load_config(const Account *config) {
    u8 address[32];
    TRY(need_state(config, SPLITTER_CONFIG, SPACE));
    Slice seeds[2];
    seeds[0] = TEXT("splitter_config");
    seeds[1] = slice(BUMP(config), 1);
    TRY(sol_create_program_address(seeds, 2, CTX->program, address) ? CONSTRAINT_SEEDS : 0);
    REQUIRE(same_key(address, config->key), CONSTRAINT_SEEDS);
    return 0;
}
static u64 arg_shares(u8 *shares) {
    for (u64 i = 0; i < 4; i++) TRY(arg_u8(shares + i));
    return 0;
}
static inline u64 sum(const u8 *shares) { return (u64)shares[0] + shares[1] + shares[2] + shares[3]; }
static inline void event_shares(const u8 *shares) {
    for (u64 i = 0; i < 4; i++) event_u8(shares[i]);
}
static u64 need_tokens(const Account *a) {
    if (!same_key(a->owner, TOKEN_PROGRAM)) return OWNED_BY_WRONG_PROGRAM;
    return need_mut(a);
}

static u64 initialize(void) {
    LOG("Instruction: Initialize");
    u8 shares[4], bump;
    TRY(arg_shares(shares));
    TRY(need_accounts(5));
    Account *config = ACC(0), *authority = ACC(1);
    TRY(need_signer(authority));
    TRY(need_mut(authority));
    TRY(need_program(ACC(4), SYSTEM_PROGRAM));
    ENSURE(sum(shares) == 100, InvalidSharePercentages);
    Slice seeds[2];
    seeds[0] = TEXT("splitter_config");
    TRY(init_account(config, authority, seeds, 1, SPACE, SPLITTER_CONFIG, &bump));
    copy_key(AUTHORITY(config), authority->key);
    copy_key(AUTHORITY(config) + 32, ACC(2)->key);
    copy_key(AUTHORITY(config) + 64, ACC(3)->key);
    copy(SHARES(config), shares, 4);
    *BUMP(config) = bump;
    event(DISC(e852dbd912550a76)); /* SplitterInitializedEvent */
    event_key(authority->key);
    event_shares(shares);
    event_u64((u64)now());
    emit();
    return 0;
}
static u64 process_payment(void) {
    LOG("Instruction: ProcessPayment");
    u64 total, parts[4];
    TRY(arg_u64(&total));
    TRY(need_accounts(8));
    TRY(load_config(ACC(0)));
    for (u64 i = 1; i <= 5; i++) TRY(need_tokens(ACC(i)));
    TRY(need_signer(ACC(6)));
    TRY(need_program(ACC(7), TOKEN_PROGRAM));
    ENSURE(total > 0, InvalidAmount);
    ENSURE(total <= ~0ul / 100, MathOverflow);
    ENSURE(token_balance(ACC(1)) >= total, InsufficientBalance);
    for (u64 i = 0; i < 4; i++) {
        parts[i] = total * SHARES(ACC(0))[i] / 100; /* rounding dust stays with the payer */
        if (parts[i]) transfer_tokens(ACC(1), ACC(2 + i), ACC(6), parts[i]);
    }
    event(DISC(08e1530b914c57a0)); /* PaymentProcessedEvent */
    event_u64(total);
    for (u64 i = 0; i < 4; i++) event_u64(parts[i]);
    event_u64((u64)now());
    emit();
    return 0;
}
static u64 update_config(void) {
    LOG("Instruction: UpdateConfig");
    u8 shares[4];
    TRY(arg_shares(shares));
    TRY(need_accounts(2));
    Account *config = ACC(0);
    TRY(load_config(config));
    TRY(need_mut(config));
    TRY(need_signer(ACC(1)));
    ENSURE(same_key(AUTHORITY(config), ACC(1)->key), Unauthorized);
    ENSURE(sum(shares) == 100, InvalidSharePercentages);
    copy(SHARES(config), shares, 4);
    event(DISC(f59e81633c64d6dc)); /* ConfigUpdatedEvent */
    event_shares(shares);
    event_u64((u64)now());
    emit();
    return 0;
}
static u64 withdraw_treasury(void) {
    LOG("Instruction: WithdrawTreasury");
    u64 amount;
    TRY(arg_u64(&amount));
    TRY(need_accounts(5));
    TRY(load_config(ACC(0)));
    TRY(need_tokens(ACC(1)));
    TRY(need_tokens(ACC(2)));
    TRY(need_signer(ACC(3)));
    TRY(need_program(ACC(4), TOKEN_PROGRAM));
    ENSURE(same_key(AUTHORITY(ACC(0)), ACC(3)->key), Unauthorized);
    ENSURE(amount > 0, InvalidAmount);
    ENSURE(token_balance(ACC(1)) >= amount, InsufficientBalance);
    transfer_tokens(ACC(1), ACC(2), ACC(3), amount);
    event(DISC(b7bfb2f1de03b5b2)); /* TreasuryWithdrawalEvent */
    event_u64(amount);
    event_key(ACC(2)->key);
    event_u64((u64)now());
    emit();
    return 0;
}

u64 entrypoint(u8 *input) {
    TRY(parse(input));
    REQUIRE(CTX->end - CTX->data >= 8, FALLBACK_NOT_FOUND);
    u64 name = load64(CTX->data);
    CTX->data += 8;
    if (name == DISC(afaf6d1f0d989bed)) return initialize();
    if (name == DISC(bd511ec68bba7317)) return process_payment();
    if (name == DISC(1d9efcbf0a53db63)) return update_config();
    if (name == DISC(283f7a9e90d85360)) return withdraw_treasury();
    return FALLBACK_NOT_FOUND;
}
