//! Cursors as a map.

use std::collections::BTreeMap;

use hypernode_state::cursors::{
    CursorAnswer, CursorOp, CursorQuery, CursorRecord, CursorRefusal, CursorReply,
};

use super::Stop;

#[derive(Debug, Clone, Default)]
pub(crate) struct Cursors(BTreeMap<String, CursorRecord>);

impl Cursors {
    pub(crate) fn run(&mut self, op: &CursorOp) -> Result<CursorReply, Stop> {
        let CursorOp::CursorMove(op) = op;
        let position = self.0.get(&op.name).map(|cursor| cursor.position.clone());
        if position != op.from {
            let name = op.name.clone();
            return Err(CursorRefusal::Elsewhere { name, position }.into());
        }
        let cursor = CursorRecord {
            name: op.name.clone(),
            position: op.to.clone(),
            at: op.at,
        };
        self.0.insert(op.name.clone(), cursor);
        Ok(CursorReply::CursorMove(()))
    }

    pub(crate) fn ask(&self, query: &CursorQuery) -> CursorAnswer {
        let CursorQuery::GetCursor(query) = query;
        CursorAnswer::GetCursor(self.0.get(&query.name).cloned())
    }
}
