#![no_main]
// Not a module of the library: the decoder's tests include that, and have nothing to do with the guard.
#[path = "../src/guard_target.rs"]
mod guard_target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| guard_target::check(data));
