//! What every implementation of `Store` must do, whatever it keeps its data in.
//!
//! Named tests for each area, and a property test that plays random units and queries to a store and to a plain model of
//! it ([`model`]), and compares every reply. An implementation's test file says `mod conformance;` and
//! `conformance::suite!(open)`, where `open` makes an empty store.

pub(crate) mod accounts;
pub(crate) mod budgets;
pub(crate) mod credits;
pub(crate) mod cursors;
pub(crate) mod idempotency;
pub(crate) mod job_lists;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod leases;
pub(crate) mod model;
pub(crate) mod nodes;
pub(crate) mod outbox;
pub(crate) mod paths;
pub(crate) mod random;
pub(crate) mod receipts;
pub(crate) mod sends;
pub(crate) mod tasks;
pub(crate) mod units;

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use hypernode_state::{Address, Digest, Refusal, Store, StoreError};

/// An empty store, and what must live as long as it does (a folder, a container).
pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) _keep: Box<dyn Any>,
}

/// Runs one test of the suite.
pub(crate) fn run<F: Future<Output = ()>>(
    open: fn() -> Fixture,
    test: impl FnOnce(Arc<dyn Store>) -> F,
) {
    let fixture = open();
    futures::executor::block_on(test(Arc::clone(&fixture.store)));
}

/// The refusal that a call must have met.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refusal {
    match result {
        Err(StoreError::Refused { why, .. }) => why,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

/// A wallet, host key or node for tests.
pub(crate) fn address(number: u8) -> Address {
    Address([number; 32])
}

/// A hash for tests.
pub(crate) fn digest(number: u8) -> Digest {
    Digest([number; 32])
}

/// Declares the whole suite over a function that makes an empty store.
macro_rules! suite {
    ($open:path) => {
        $crate::conformance::suite!(@ $open, units: a_unit_is_all_or_nothing, the_first_refused_operation_is_named,
            later_operations_see_earlier_ones, arguments_out_of_range_are_refused, callers_at_once_each_get_their_reply,
            what_was_acknowledged_is_read);
        $crate::conformance::suite!(@ $open, tasks: claims_go_by_priority_then_order, a_task_waits_for_its_time,
            a_task_is_leased_to_one_of_many_workers, fences_grow_with_each_attempt, a_stale_fence_is_refused_and_recorded,
            a_repeated_end_is_told_apart, a_lease_that_ran_out_is_its_workers_until_taken_back,
            a_clock_that_goes_back_gives_no_task_twice, a_renewal_never_shortens, a_cancelled_task_is_over,
            a_dead_task_is_over, purged_tasks_are_gone, states_are_listed_and_counted);
        $crate::conformance::suite!(@ $open, outbox: messages_come_in_order_and_none_is_skipped,
            a_refused_unit_emits_nothing_and_leaves_no_hole, trimming_waits_for_every_consumer,
            numbers_are_not_used_again_after_a_trim, an_ack_does_not_go_back_or_ahead);
        $crate::conformance::suite!(@ $open, idempotency: a_repetition_gets_the_stored_response, another_body_is_a_conflict,
            a_request_in_flight_is_taken_over_when_its_hold_ends, a_key_is_free_when_it_expires,
            a_unit_does_its_work_once);
        $crate::conformance::suite!(@ $open, leases: one_holder_at_a_time, a_lost_role_stops_its_units,
            a_clock_that_goes_back_does_not_free_a_role);
        $crate::conformance::suite!(@ $open, accounts: a_nonce_is_taken_once, a_nonce_is_read_until_it_is_taken, an_expired_nonce_is_not_taken,
            a_session_ends_in_each_of_its_ways, a_clock_that_goes_back_revives_no_session, roles_are_granted_and_withdrawn,
            the_first_operator_is_the_only_one, of_two_operators_one_stays);
        $crate::conformance::suite!(@ $open, keys: spending_stops_at_the_cap, spending_at_once_stays_within_the_cap,
            a_rotation_shares_the_purse, amounts_use_the_whole_range, a_revoked_key_does_nothing,
            a_host_key_is_never_added_twice, the_trail_is_in_order, the_version_moves_with_what_decisions_rest_on,
            secrets_stay_out_of_debug);
        $crate::conformance::suite!(@ $open, jobs: a_job_is_numbered_and_kept, of_two_changes_at_once_one_is_stale,
            content_comes_once_and_only_where_it_is_awaited, an_outcome_is_replaced_as_a_whole,
            a_trim_takes_what_is_over_and_nothing_else, jobs_out_of_range_are_refused);
        $crate::conformance::suite!(@ $open, job_lists: jobs_are_listed_by_what_is_asked,
            a_list_looks_at_so_many_jobs_and_says_where_to_go_on, open_jobs_are_read_in_order,
            counts_are_those_of_a_scan);
        $crate::conformance::suite!(@ $open, credits: a_job_is_credited_once, parts_fit_into_the_cost,
            earnings_are_those_of_a_scan, credits_use_the_whole_range);
        $crate::conformance::suite!(@ $open, budgets: what_is_not_charged_is_free_again, a_job_is_settled_once,
            reserving_at_once_stays_within_the_cap, budgets_use_the_whole_range);
        $crate::conformance::suite!(@ $open, nodes: a_node_is_put_from_its_version, nodes_are_listed_by_wallet,
            a_token_is_its_first_nodes, an_unused_token_expires_and_is_swept, tokens_are_listed_latest_first);
        $crate::conformance::suite!(@ $open, receipts: a_fence_has_one_receipt, a_day_keeps_its_secret,
            a_days_secret_stays_out_of_debug);
        $crate::conformance::suite!(@ $open, cursors: a_cursor_moves_from_where_it_stands);
        $crate::conformance::suite!(@ $open, sends: a_purpose_has_one_transaction,
            open_transactions_are_read_in_order);
        $crate::conformance::suite!(@ $open, paths: a_job_goes_its_way_in_whole_units,
            a_refused_credit_leaves_no_trace_of_the_rest);

// I-38, I-39.
        #[test]
        fn random_units_do_what_the_model_does() {
            $crate::conformance::random::everything($open);
        }

        #[test]
        fn random_jobs_do_what_the_model_does() {
            $crate::conformance::random::jobs($open);
        }
    };
    (@ $open:path, $area:ident: $($name:ident),+) => {
        mod $area {
            $(
                #[test]
                fn $name() {
                    $crate::conformance::run($open, $crate::conformance::$area::$name);
                }
            )+
        }
    };
}

pub(crate) use suite;
