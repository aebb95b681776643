//! Turns one relocatable BPF object, as clang writes it, into an ELF that Solana's loader accepts (sBPF v0):
//! `link IN.o OUT.so`. Code and constants are placed one behind the other, addresses of constants are filled
//! in, and calls of runtime functions are left to the loader as dynamic relocations. Plain std, so that
//! `build.sh` can compile it with rustc alone.

use std::{collections::BTreeMap, env, fs, process::ExitCode};

/// Where the runtime maps the program.
const PROGRAM_START: u64 = 1 << 32;
const R_BPF_64_64: u32 = 1;
const R_BPF_64_32: u32 = 10;
const EHDR: usize = 64;
const PHDR: usize = 56;
const TEXT_AT: usize = 0x100;

type Result<T> = std::result::Result<T, String>;

/// A section of the input.
struct Section {
    name: String,
    kind: u32,
    flags: u64,
    offset: usize,
    size: usize,
    link: usize,
    info: usize,
}

/// A symbol of the input.
struct Symbol {
    name: String,
    section: usize,
    value: u64,
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [input, output] = args.as_slice() else {
        eprintln!("usage: link IN.o OUT.so");
        return ExitCode::from(2);
    };
    let done = fs::read(input)
        .map_err(|e| e.to_string())
        .and_then(|object| link(&object))
        .and_then(|elf| fs::write(output, elf).map_err(|e| e.to_string()));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{input}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn link(object: &[u8]) -> Result<Vec<u8>> {
    let sections = sections(object)?;
    let symbols = symbols(object, &sections)?;

    // Code, then every constant section; the order is the input's, so equal input gives equal output.
    let text_index = position(&sections, ".text")?;
    let mut image = bytes(object, &sections[text_index])?.to_vec();
    let mut placed = BTreeMap::from([(text_index, TEXT_AT)]);
    let text_len = image.len();
    for (index, section) in sections.iter().enumerate() {
        if section.flags & 1 != 0 {
            return Err(format!(
                "{} is writable: programs have no mutable statics",
                section.name
            ));
        }
        if section.name.starts_with(".rodata") && section.kind == 1 {
            image.resize(image.len().next_multiple_of(16), 0);
            placed.insert(index, TEXT_AT + image.len());
            image.extend_from_slice(bytes(object, section)?);
        }
    }
    image.resize(image.len().next_multiple_of(8), 0);

    let mut calls: Vec<(u64, String)> = Vec::new();
    for section in sections.iter().filter(|s| s.kind == 9) {
        if section.info != text_index {
            return Err(format!(
                "{}: only code may need relocation (no tables of pointers)",
                section.name
            ));
        }
        for entry in bytes(object, section)?.chunks_exact(16) {
            let at = u64_at(entry, 0)? as usize;
            let info = u64_at(entry, 8)?;
            let symbol = symbols
                .get((info >> 32) as usize)
                .ok_or("relocation without a symbol")?;
            match (info as u32, placed.get(&symbol.section)) {
                (R_BPF_64_64, Some(base)) => {
                    let addend = u64::from(u32_at(&image, at + 4)?);
                    let address = PROGRAM_START + *base as u64 + symbol.value + addend;
                    put(&mut image, at + 4, &(address as u32).to_le_bytes())?;
                    put(&mut image, at + 12, &((address >> 32) as u32).to_le_bytes())?;
                }
                (R_BPF_64_32, Some(_)) if symbol.section == text_index => {
                    let addend = i64::from(u32_at(&image, at + 4)? as i32) + 1;
                    let target = symbol.value as i64 / 8 + addend;
                    let distance = target - at as i64 / 8 - 1;
                    put(&mut image, at + 4, &(distance as i32).to_le_bytes())?;
                }
                (R_BPF_64_32, None) if symbol.section == 0 => {
                    calls.push(((TEXT_AT + at) as u64, symbol.name.clone()));
                }
                (kind, _) => {
                    return Err(format!(
                        "relocation type {kind} against {:?} is not supported",
                        symbol.name
                    ));
                }
            }
        }
    }
    let entry = symbols
        .iter()
        .find(|s| s.name == "entrypoint")
        .ok_or("no function named entrypoint")?;
    Ok(write(
        &image,
        text_len,
        TEXT_AT as u64 + entry.value,
        &calls,
    ))
}

type Header = (&'static str, u32, u64, usize, usize, u32, u32, u64);

/// Builds the output: headers, image, dynamic tables, section headers; addresses equal file offsets.
fn write(image: &[u8], text_len: usize, entry: u64, calls: &[(u64, String)]) -> Vec<u8> {
    let mut names: Vec<&str> = calls.iter().map(|(_, name)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut dynstr = vec![0];
    let mut dynsym = vec![0; 24];
    for name in &names {
        dynsym.extend((dynstr.len() as u32).to_le_bytes());
        dynsym.extend([0x10, 0, 0, 0]); // global, no type, undefined
        dynsym.extend([0; 16]);
        dynstr.extend(name.as_bytes());
        dynstr.push(0);
    }
    dynstr.resize(dynstr.len().next_multiple_of(8), 0);
    let mut relocations = Vec::new();
    for (at, name) in calls {
        let symbol = names.partition_point(|n| *n < name.as_str()) as u64 + 1;
        relocations.extend(at.to_le_bytes());
        relocations.extend((symbol << 32 | u64::from(R_BPF_64_32)).to_le_bytes());
    }

    let dynamic_at = TEXT_AT + image.len();
    let dynamic_len = 7 * 16;
    let dynsym_at = dynamic_at + dynamic_len;
    let dynstr_at = dynsym_at + dynsym.len();
    let relocations_at = dynstr_at + dynstr.len();
    let shstrtab_at = relocations_at + relocations.len();
    let tags = [
        (17, relocations_at), // DT_REL
        (18, relocations.len()),
        (19, 16),
        (6, dynsym_at), // DT_SYMTAB
        (5, dynstr_at), // DT_STRTAB
        (10, dynstr.len()),
        (0, 0),
    ];

    // name, type, flags, offset, size, link, info, entry size; `.rodata` may be empty.
    let sections: [Header; 8] = [
        ("", 0, 0, 0, 0, 0, 0, 0),
        (".text", 1, 6, TEXT_AT, text_len, 0, 0, 0),
        (
            ".rodata",
            1,
            2,
            TEXT_AT + text_len,
            image.len() - text_len,
            0,
            0,
            0,
        ),
        (".dynamic", 6, 2, dynamic_at, dynamic_len, 5, 0, 16),
        (".dynsym", 11, 2, dynsym_at, dynsym.len(), 5, 1, 24),
        (".dynstr", 3, 2, dynstr_at, dynstr.len(), 0, 0, 0),
        (
            ".rel.dyn",
            9,
            2,
            relocations_at,
            relocations.len(),
            4,
            0,
            16,
        ),
        (".shstrtab", 3, 0, shstrtab_at, 0, 0, 0, 0),
    ];
    let mut shstrtab = Vec::new();
    let mut name_at = Vec::new();
    for (name, ..) in &sections {
        name_at.push(shstrtab.len() as u32);
        shstrtab.extend(name.as_bytes());
        shstrtab.push(0);
    }
    let headers_at = (shstrtab_at + shstrtab.len()).next_multiple_of(8);

    let mut out = Vec::new();
    out.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    out.extend(3u16.to_le_bytes()); // shared object
    out.extend(247u16.to_le_bytes()); // BPF
    out.extend(1u32.to_le_bytes());
    for word in [entry, EHDR as u64, headers_at as u64] {
        out.extend(word.to_le_bytes());
    }
    out.extend(0u32.to_le_bytes()); // flags: sBPF v0
    for half in [
        EHDR as u16,
        PHDR as u16,
        3,
        64,
        sections.len() as u16,
        sections.len() as u16 - 1,
    ] {
        out.extend(half.to_le_bytes());
    }
    let segments = [
        (1u32, 5u32, TEXT_AT, image.len()),
        (1, 4, dynamic_at, shstrtab_at - dynamic_at),
        (2, 4, dynamic_at, dynamic_len),
    ];
    for (kind, flags, at, len) in segments {
        out.extend(kind.to_le_bytes());
        out.extend(flags.to_le_bytes());
        for word in [at, at, at, len, len, 8] {
            out.extend((word as u64).to_le_bytes());
        }
    }
    out.resize(TEXT_AT, 0);
    out.extend(image);
    for (tag, value) in tags {
        out.extend((tag as u64).to_le_bytes());
        out.extend((value as u64).to_le_bytes());
    }
    out.extend(dynsym);
    out.extend(dynstr);
    out.extend(relocations);
    out.extend(&shstrtab);
    out.resize(headers_at, 0);
    for ((name, kind, flags, at, len, link, info, entry_len), name_at) in
        sections.into_iter().zip(name_at)
    {
        let len = if name == ".shstrtab" {
            shstrtab.len()
        } else {
            len
        };
        out.extend(name_at.to_le_bytes());
        out.extend(kind.to_le_bytes());
        let address = if flags & 2 == 0 { 0 } else { at as u64 };
        for word in [flags, address, at as u64, len as u64] {
            out.extend(word.to_le_bytes());
        }
        out.extend(link.to_le_bytes());
        out.extend(info.to_le_bytes());
        out.extend(1u64.to_le_bytes());
        out.extend(entry_len.to_le_bytes());
    }
    out
}

fn sections(object: &[u8]) -> Result<Vec<Section>> {
    if !object.starts_with(b"\x7fELF\x02\x01") || u16_at(object, 18)? != 247 {
        return Err("not a little-endian BPF object".into());
    }
    let at = u64_at(object, 40)? as usize;
    let count = u16_at(object, 60)?;
    let names_index = u16_at(object, 62)? as usize;
    let mut sections = Vec::new();
    let mut name_offsets = Vec::new();
    for index in 0..usize::from(count) {
        let header = at + index * 64;
        name_offsets.push(u32_at(object, header)? as usize);
        sections.push(Section {
            name: String::new(),
            kind: u32_at(object, header + 4)?,
            flags: u64_at(object, header + 8)?,
            offset: u64_at(object, header + 24)? as usize,
            size: u64_at(object, header + 32)? as usize,
            link: u32_at(object, header + 40)? as usize,
            info: u32_at(object, header + 44)? as usize,
        });
    }
    let table = bytes(object, sections.get(names_index).ok_or("no section names")?)?;
    for (section, offset) in sections.iter_mut().zip(name_offsets) {
        section.name = text(table, offset)?;
    }
    Ok(sections)
}

fn symbols(object: &[u8], sections: &[Section]) -> Result<Vec<Symbol>> {
    let table = &sections[position(sections, ".symtab")?];
    let names = bytes(object, sections.get(table.link).ok_or("no symbol names")?)?;
    bytes(object, table)?
        .chunks_exact(24)
        .map(|entry| {
            Ok(Symbol {
                name: text(names, u32_at(entry, 0)? as usize)?,
                section: usize::from(u16_at(entry, 6)?),
                value: u64_at(entry, 8)?,
            })
        })
        .collect()
}

fn position(sections: &[Section], name: &str) -> Result<usize> {
    sections
        .iter()
        .position(|s| s.name == name)
        .ok_or(format!("no section {name}"))
}

fn bytes<'a>(object: &'a [u8], section: &Section) -> Result<&'a [u8]> {
    let end = section
        .offset
        .checked_add(section.size)
        .ok_or("section too large")?;
    object
        .get(section.offset..end)
        .ok_or(format!("section {} lies outside the file", section.name))
}

fn text(table: &[u8], at: usize) -> Result<String> {
    let rest = table.get(at..).ok_or("name outside its table")?;
    let end = rest
        .iter()
        .position(|b| *b == 0)
        .ok_or("name without an end")?;
    Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
}

fn array<const N: usize>(from: &[u8], at: usize) -> Result<[u8; N]> {
    from.get(at..at + N)
        .and_then(|b| b.try_into().ok())
        .ok_or(format!("file ends at offset {at}"))
}

fn u16_at(from: &[u8], at: usize) -> Result<u16> {
    array(from, at).map(u16::from_le_bytes)
}

fn u32_at(from: &[u8], at: usize) -> Result<u32> {
    array(from, at).map(u32::from_le_bytes)
}

fn u64_at(from: &[u8], at: usize) -> Result<u64> {
    array(from, at).map(u64::from_le_bytes)
}

fn put(image: &mut [u8], at: usize, value: &[u8]) -> Result<()> {
    image
        .get_mut(at..at + value.len())
        .ok_or("relocation outside the code")?
        .copy_from_slice(value);
    Ok(())
}
