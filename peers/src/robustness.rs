//! The robustness table: every parser's answer to every recorded case, judged.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::input::cases::{Case, FORGED};
use crate::parsers::{Answer, Claim, Parser, Undone};

/// A parser's answer to one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub kind: Kind,
    /// What else there is to say, in the table's cell.
    pub note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Right,
    /// A forgery, or an event that was undone, is taken for an event.
    Accepted,
    /// An event is missing.
    Lost,
    /// Credited to another instruction.
    Misplaced,
    /// An error or a panic for the whole transaction.
    Error,
    /// What it is given does not hold the answer.
    CannotTell,
}

impl Kind {
    pub fn text(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Accepted => "**accepted**",
            Self::Lost => "**lost**",
            Self::Misplaced => "**misplaced**",
            Self::Error => "**error**",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// Asks; a panic is an answer too.
pub fn judge(parser: &dyn Parser, case: &Case) -> Verdict {
    match catch_unwind(AssertUnwindSafe(|| parser.answer(&case.input))) {
        Ok(Ok(answer)) => verdict(case, &answer),
        Ok(Err(error)) => Verdict {
            kind: Kind::Error,
            note: format!("for the whole transaction: {error}"),
        },
        Err(_) => Verdict {
            kind: Kind::Error,
            note: "panic".into(),
        },
    }
}

fn verdict(case: &Case, answer: &Answer) -> Verdict {
    let say = |kind, note: String| Verdict { kind, note };
    let forged = answer.claims.iter().filter(|c| c.seq >= FORGED).count();
    let counted = |claim: &&Claim| claim.undone == Undone::No && case.failed && claim.seq < FORGED;
    let undone = answer.claims.iter().filter(counted).count();
    let claimed = |seq| answer.claims.iter().find(|c| c.seq == seq);
    // Events of a failed transaction may be kept apart or left out: they must not count.
    let lost = match case.failed {
        true => 0,
        false => case
            .events
            .iter()
            .filter(|(seq, _)| claimed(*seq).is_none())
            .count(),
    };
    if forged + undone > 0 {
        let mut notes = Vec::new();
        if forged > 0 {
            notes.push(format!("{forged} forged"));
        }
        if undone > 0 {
            notes.push(format!("{undone} undone, unmarked"));
        }
        if lost > 0 {
            notes.push(format!("{lost} of {} lost", case.events.len()));
        }
        return say(Kind::Accepted, notes.join(", "));
    }
    if lost > 0 {
        return say(Kind::Lost, format!("{lost} of {}", case.events.len()));
    }
    let elsewhere = case.events.iter().find_map(|(seq, outer)| {
        let told = claimed(*seq)?.outer?;
        (told != *outer).then(|| format!("instruction {told} for {outer}"))
    });
    if let Some(note) = elsewhere {
        return say(Kind::Misplaced, note);
    }
    if case.unknown && !answer.unknown {
        return say(Kind::CannotTell, "as an empty log".into());
    }
    let beside = answer
        .claims
        .iter()
        .any(|c| c.undone == Undone::Beside(true));
    if case.failed && beside {
        return say(Kind::Right, "if the caller looks at the status".into());
    }
    if case.cut && !answer.cut {
        return say(Kind::Right, "the cut goes unsaid".into());
    }
    say(Kind::Right, String::new())
}
