//! Shards that do not come: nobody waits for them.

use ndarray::ArrayD;
use rnn::{
    Error, Result,
    shards::{self, Shard, Shards},
};

/// Each shard sums numbers until it is its turn to go.
fn part(
    count: usize,
    threads: usize,
    go: impl Fn(&Shard<'_, f64>) -> Result<()> + Sync,
) -> (Result<Vec<()>>, Vec<String>) {
    let told = std::sync::Mutex::new(Vec::new());
    let end = shards::run(Shards::new(count).threads(threads), |shard: Shard<'_, f64>| {
        for _ in 0..3 {
            shard.sum_number(1.0)?;
        }
        if shard.index() == 1 {
            return go(&shard);
        }
        let error = shard.sum_number(1.0).unwrap_err();
        told.lock().unwrap().push(error.to_string());
        assert!(shard.sum_arrays(&mut []).is_err(), "parted for good");
        Err(error)
    });
    (end, told.into_inner().unwrap())
}

#[test]
fn an_error_in_one_shard_releases_the_others_and_is_what_the_run_returns() {
    for threads in 1..=3 {
        let (end, told) = part(3, threads, |_| Err(Error::ZeroBatch));
        assert!(matches!(end, Err(Error::ZeroBatch)), "{end:?}");
        assert_eq!(told.len(), 2);
        for told in told {
            assert!(told.contains("at sum 4, of numbers, but shard 1 has returned"), "{told}");
        }
    }
}

#[test]
fn a_panic_in_one_shard_releases_the_others_and_goes_on_in_the_caller() {
    for threads in 1..=3 {
        let caught = std::panic::catch_unwind(|| part(3, threads, |_| panic!("one in three")));
        let said = *caught.unwrap_err().downcast::<&str>().unwrap();
        assert_eq!(said, "one in three");
    }
}

#[test]
fn a_shard_that_ends_before_the_others_is_missed() {
    for threads in 1..=3 {
        let (end, told) = part(3, threads, |_| Ok(()));
        assert!(matches!(end, Err(Error::Parted { shard: 1, number: 4, .. })), "{end:?}");
        assert!(told.iter().all(|told| told.contains("end of its program")), "{told:?}");
    }
}

#[test]
fn shards_that_do_not_sum_the_same_are_told_apart() {
    let (end, told) = part(3, 3, |shard| shard.sum_arrays(&mut []));
    assert!(matches!(end, Err(Error::Parted { .. })), "{end:?}");
    assert!(told.iter().all(|told| told.contains("shard 1 is at sum 4, of arrays")), "{told:?}");

    let unlike = |arrays: fn(usize) -> Vec<ArrayD<f64>>| {
        let end = shards::run(Shards::new(2), |shard| shard.sum_arrays(&mut arrays(shard.index())));
        end.unwrap_err().to_string()
    };
    let error = unlike(|shard| vec![ArrayD::zeros(vec![2, 3 + shard])]);
    assert!(error.contains("shard 1 brings [2, 4] as array 0, shard 0 [2, 3]"), "{error}");
    let error = unlike(|shard| vec![ArrayD::zeros(vec![2]); 2 - shard]);
    assert!(error.contains("shard 1 brings 1 arrays, shard 0 2"), "{error}");
}

#[test]
fn what_cannot_be_shared_out_is_refused() {
    let rows = |shard: Shard<'_, f64>| shard.rows(3);
    let error = shards::run(Shards::new(4), rows).unwrap_err().to_string();
    assert!(error.contains("a batch of 3 row(s) cut into 4 shards"), "{error}");
    for none in [Shards::new(0), Shards::new(2).threads(0)] {
        let error = shards::run(none, rows).unwrap_err().to_string();
        assert!(error.contains("0 thread(s)"), "{error}");
    }
}
