//! Networks that emit no events: what happened is in the calls alone.

use hypernode_decoder::{BlockStats, Rows};

use crate::support::native::{self, V};
use crate::support::twins;

/// Canonical rows of a twin's whole chain, and the sums of its figures.
fn facts(loud: bool) -> (native::Block, BlockStats) {
    let decoder = twins::decoder(loud);
    let mut rows = Rows::new(&decoder);
    let mut sums = BlockStats::default();
    for block in twins::blocks(loud) {
        let stats = decoder.decode_block(&block, &mut rows, &mut ());
        sums.events += stats.events;
        sums.instructions += stats.instructions;
        sums.dead_letters += stats.dead_letters;
        sums.mismatched += stats.mismatched;
    }
    let tables = rows.finish();
    let table = tables.iter().find(|t| t.table == "canonical_events");
    (native::read(&table.expect("facts").native), sums)
}

#[test]
fn calls_alone_tell_what_events_tell() {
    let (mut quiet, of_quiet) = facts(false);
    let (mut loud, of_loud) = facts(true);
    assert_eq!((of_quiet.events, of_loud.events), (0, 16));
    assert_eq!((of_quiet.instructions, of_loud.instructions), (16, 16));
    for sums in [of_quiet, of_loud] {
        assert_eq!((sums.dead_letters, sums.mismatched), (0, 0));
    }
    // What a call says comes after whatever it emits.
    let ordinal = |facts: &mut native::Block| facts.remove("ordinal").expect("column").1;
    assert_eq!(ordinal(&mut quiet), vec![V::Fixed(vec![0xff; 4]); 14]);
    assert_eq!(ordinal(&mut loud), vec![V::Fixed(vec![0; 4]); 14]);
    assert_eq!(quiet, loud);
    // The derived node of an assignment is the one that registered.
    let kinds = &quiet["kind"].1;
    let assigned = kinds
        .iter()
        .position(|k| *k == V::Name("JobAssigned".into()));
    let node = V::Fixed(twins::node(1, "gpu").into());
    assert_eq!(quiet["node"].1[assigned.expect("assigned")], node);
    assert_eq!(quiet["node"].1[0], node);
}
