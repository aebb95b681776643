#![no_main]
// Not a module of the library: the decoder's tests include that, and have nothing to do with frames.
#[path = "../src/wire_frames.rs"]
mod wire_frames;

libfuzzer_sys::fuzz_target!(|data: &[u8]| wire_frames::check(data));
