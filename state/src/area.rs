//! The macro that ties an area's operations and queries to their replies, so that no caller matches on them by hand.

/// Declares an area's enums of operations, replies, queries and answers, and the typed way through each.
macro_rules! area {
    (
        $area:ident,
        $(#[$op_doc:meta])* ops $ops:ident -> $replies:ident { $($op:ident => $reply:ty,)+ }
        $(#[$query_doc:meta])* queries $queries:ident -> $answers:ident { $($query:ident => $answer:ty,)+ }
    ) => {
        $(#[$op_doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $ops {
            $(#[doc = concat!("See [`", stringify!($op), "`].")] $op($op),)+
        }

        #[doc = concat!("Replies to [`", stringify!($ops), "`], each under its operation's name.")]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $replies {
            $(#[doc = concat!("Reply to [`", stringify!($op), "`].")] $op($reply),)+
        }

        $(#[$query_doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $queries {
            $(#[doc = concat!("See [`", stringify!($query), "`].")] $query($query),)+
        }

        #[doc = concat!("Answers to [`", stringify!($queries), "`], each under its query's name.")]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $answers {
            $(#[doc = concat!("Answer to [`", stringify!($query), "`].")] $query($answer),)+
        }

        $(
            impl From<$op> for $crate::Op {
                fn from(op: $op) -> Self {
                    Self::$area($ops::$op(op))
                }
            }

            impl $crate::TypedOp for $op {
                type Reply = $reply;

                fn reply(reply: $crate::Reply) -> Option<$reply> {
                    match reply {
                        $crate::Reply::$area($replies::$op(reply)) => Some(reply),
                        _ => None,
                    }
                }
            }
        )+

        $(
            impl From<$query> for $crate::Query {
                fn from(query: $query) -> Self {
                    Self::$area($queries::$query(query))
                }
            }

            impl $crate::TypedQuery for $query {
                type Answer = $answer;

                fn answer(answer: $crate::Answer) -> Option<$answer> {
                    match answer {
                        $crate::Answer::$area($answers::$query(answer)) => Some(answer),
                        _ => None,
                    }
                }
            }
        )+

        impl $crate::limits::Bounded for $ops {
            fn check(&self, check: &mut $crate::limits::Check) -> $crate::limits::Checked {
                match self { $(Self::$op(op) => op.check(check),)+ }
            }
        }

        impl $crate::limits::Bounded for $queries {
            fn check(&self, check: &mut $crate::limits::Check) -> $crate::limits::Checked {
                match self { $(Self::$query(query) => query.check(check),)+ }
            }
        }
    };
}

pub(crate) use area;
