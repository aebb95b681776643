//! Transactions on their way to a chain.

use std::sync::Arc;

use hypernode_state::sends::{GetSend, OpenSends, SendAdd, SendPut, SendRefusal};
use hypernode_state::{Refusal, Store, StoreError, StoreExt, limits};

use super::refused;

fn add(id: &str) -> SendAdd {
    SendAdd {
        id: id.to_owned(),
        record: b"planned".to_vec(),
        at: 3,
    }
}

fn put(id: &str, version: u64, open: bool) -> SendPut {
    SendPut {
        id: id.to_owned(),
        version,
        open,
        record: b"sent".to_vec(),
        at: 5,
    }
}

pub(crate) async fn a_purpose_has_one_transaction(store: Arc<dyn Store>) {
    assert_eq!(store.run(add("a")).await.unwrap(), 1);
    let exists = SendRefusal::Exists { id: "a".to_owned() };
    assert_eq!(
        refused(store.run(add("a")).await),
        Refusal::Send(exists.clone())
    );
    assert_eq!(store.run(put("a", 1, true)).await.unwrap(), 2);
    let stale = SendRefusal::Stale {
        id: "a".to_owned(),
        given: 1,
        current: 2,
    };
    assert_eq!(
        refused(store.run(put("a", 1, true)).await),
        Refusal::Send(stale)
    );
    let unknown = SendRefusal::Unknown { id: "b".to_owned() };
    assert_eq!(
        refused(store.run(put("b", 1, true)).await),
        Refusal::Send(unknown)
    );
    assert_eq!(store.run(put("a", 2, false)).await.unwrap(), 3);
    // Not even when it has ended.
    assert_eq!(refused(store.run(add("a")).await), Refusal::Send(exists));
    let id = "a".to_owned();
    let kept = store.ask(GetSend { id }).await.unwrap().unwrap();
    assert_eq!(
        (kept.version, kept.open, kept.record),
        (3, false, b"sent".to_vec())
    );
    assert_eq!((kept.created_at, kept.changed_at), (3, 5));
    let large = SendAdd {
        record: vec![0; limits::RECORD + 1],
        ..add("c")
    };
    let error = store.run(large).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
}

pub(crate) async fn open_transactions_are_read_in_order(store: Arc<dyn Store>) {
    for id in ["c", "a", "b", "d"] {
        store.run(add(id)).await.unwrap();
    }
    store.run(put("a", 1, false)).await.unwrap();
    let page = async |after, limit| {
        let open = store.ask(OpenSends { after, limit }).await.unwrap();
        open.into_iter()
            .map(|send| (send.number, send.id))
            .collect::<Vec<_>>()
    };
    let all = [
        (1, "c".to_owned()),
        (3, "b".to_owned()),
        (4, "d".to_owned()),
    ];
    assert_eq!(page(0, 10).await, all);
    assert_eq!(page(1, 1).await, all[1..2]);
    store.run(put("a", 2, true)).await.unwrap();
    assert_eq!(page(1, 1).await, [(2, "a".to_owned())]);
}
