//! `faults scenarios`: what goes wrong with real servers, each by its name.
