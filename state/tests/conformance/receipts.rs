//! Match receipts and daily secrets.

use std::sync::Arc;

use hypernode_state::receipts::{
    DaySecretPut, DaySecretRecord, GetDaySecret, GetReceipts, ListDaySecrets, ListReceipts,
    ReceiptAdd, ReceiptRefusal,
};
use hypernode_state::{Refusal, Store, StoreError, StoreExt, limits};

use super::{digest, refused};

pub(crate) fn receipt(job: &str, fence: u32) -> ReceiptAdd {
    ReceiptAdd {
        job: job.to_owned(),
        fence,
        hash: digest(3),
        receipt: b"{}".to_vec(),
        signature: [9; 64],
        at: 15,
    }
}

fn why(refusal: Refusal) -> ReceiptRefusal {
    match refusal {
        Refusal::Receipt(why) => why,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_fence_has_one_receipt(store: Arc<dyn Store>) {
    for (job, fence) in [("a", u32::MAX), ("b", 1), ("a", 0), ("a", 2)] {
        store.run(receipt(job, fence)).await.unwrap();
    }
    let again = ReceiptAdd {
        receipt: b"other".to_vec(),
        ..receipt("b", 1)
    };
    let (job, fence, seq) = ("b".to_owned(), 1, 2);
    let expected = ReceiptRefusal::Exists { job, fence, seq };
    assert_eq!(why(refused(store.run(again).await)), expected);
    let of_job = |after| GetReceipts {
        job: "a".to_owned(),
        after,
        limit: 10,
    };
    let kept = store.ask(of_job(None)).await.unwrap();
    let fences: Vec<_> = kept.iter().map(|receipt| receipt.fence).collect();
    assert_eq!(fences, [0, 2, u32::MAX]);
    assert_eq!((kept[0].seq, kept[0].signature), (3, [9; 64]));
    assert_eq!(store.ask(of_job(Some(0))).await.unwrap(), kept[1..]);
    let (after, limit) = (1, 2);
    let all = store.ask(ListReceipts { after, limit }).await.unwrap();
    let numbers: Vec<_> = all.iter().map(|receipt| receipt.seq).collect();
    assert_eq!(numbers, [2, 3]);
    let large = ReceiptAdd {
        receipt: vec![0; limits::RECEIPT + 1],
        ..receipt("c", 1)
    };
    let error = store.run(large).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
}

fn secret(day: u32, secret: [u8; 32]) -> DaySecretPut {
    let secret = DaySecretRecord {
        day,
        secret,
        commitment: digest(5),
        at: 1,
    };
    DaySecretPut { secret }
}

pub(crate) async fn a_day_keeps_its_secret(store: Arc<dyn Store>) {
    for day in [7, 5, u32::MAX, 0] {
        store.run(secret(day, [day as u8; 32])).await.unwrap();
    }
    // Not even by itself.
    for bytes in [[7; 32], [8; 32]] {
        let taken = why(refused(store.run(secret(7, bytes)).await));
        assert_eq!(taken, ReceiptRefusal::DayTaken { day: 7 });
    }
    let kept = store.ask(GetDaySecret { day: 7 }).await.unwrap().unwrap();
    assert_eq!((kept.secret, kept.commitment), ([7; 32], digest(5)));
    let list = |after| ListDaySecrets { after, limit: 2 };
    let days = async |after| {
        let kept = store.ask(list(after)).await.unwrap();
        kept.into_iter()
            .map(|secret| secret.day)
            .collect::<Vec<_>>()
    };
    assert_eq!(days(None).await, [0, 5]);
    assert_eq!(days(Some(5)).await, [7, u32::MAX]);
}

pub(crate) async fn a_days_secret_stays_out_of_debug(store: Arc<dyn Store>) {
    let put = secret(7, *b"0123456789abcdef0123456789abcdef");
    let shown = format!("{put:?}");
    store.run(put).await.unwrap();
    let kept = store.ask(GetDaySecret { day: 7 }).await.unwrap();
    let shown = format!("{shown} {kept:?}");
    assert!(
        shown.contains("day: 7") && !shown.contains("48, 49") && !shown.contains("0123"),
        "{shown}"
    );
}
