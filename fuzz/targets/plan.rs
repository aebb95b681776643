#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| hypernode_fuzz::plan::check(data));
