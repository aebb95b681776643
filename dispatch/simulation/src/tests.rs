//! A few hundred seeds at each run of the tests; ten thousand by `faults dispatch`.

use super::*;

// I-43, I-44, I-45.
#[test]
fn faults_lose_nothing_and_pay_nobody_twice() {
    let mut all = Tally::default();
    for seed in 0..200 {
        let tally = run(seed);
        assert!(tally.is_clean(), "seed {seed}: {tally:?}");
        all += tally;
    }
    // The storm is one: jobs complete in it, dispatchers die in it, results come too late in it.
    assert!(
        all.completed > 2_000 && all.crashes > 200 && all.refused > 500,
        "{all:?}"
    );
    println!("{all:?}");
}

#[test]
fn a_seed_is_the_same_day_each_time() {
    assert_eq!(run(7), run(7));
}
