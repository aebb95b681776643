//! Frames that hosts exchange with us, in every dialect that is in the field.
#![forbid(unsafe_code)]
