//! Cursors.

use std::sync::Arc;

use hypernode_state::cursors::{CursorMove, CursorRefusal, GetCursor};
use hypernode_state::{Refusal, Store, StoreError, StoreExt, limits};

use super::refused;

fn go(from: Option<&str>, to: &str) -> CursorMove {
    CursorMove {
        name: "bridge".to_owned(),
        from: from.map(str::to_owned),
        to: to.to_owned(),
        at: 7,
    }
}

async fn position(store: &Arc<dyn Store>) -> Option<String> {
    let name = "bridge".to_owned();
    let kept = store.ask(GetCursor { name }).await.unwrap();
    kept.map(|cursor| cursor.position)
}

pub(crate) async fn a_cursor_moves_from_where_it_stands(store: Arc<dyn Store>) {
    assert_eq!(position(&store).await, None);
    let why = refused(store.run(go(Some("0"), "1")).await);
    let (name, at) = ("bridge".to_owned(), None);
    let elsewhere = |position| CursorRefusal::Elsewhere {
        name: name.clone(),
        position,
    };
    assert_eq!(why, Refusal::Cursor(elsewhere(at)));
    store.run(go(None, "5")).await.unwrap();
    store.run(go(Some("5"), "9.200")).await.unwrap();
    // Who fell behind is found out, also one who believes that there is none.
    for from in [None, Some("5")] {
        let why = refused(store.run(go(from, "6")).await);
        assert_eq!(why, Refusal::Cursor(elsewhere(Some("9.200".to_owned()))));
    }
    assert_eq!(position(&store).await.as_deref(), Some("9.200"));
    for to in [String::new(), "9".repeat(limits::NAME + 1)] {
        let error = store.run(go(Some("9.200"), &to)).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
}
