//! Zip archives written field by field, so that each can lie.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// One entry. What is `None` is as it should be.
#[derive(Clone, Default)]
pub struct Forged {
    pub name: Vec<u8>,
    /// Unpacked.
    pub content: Vec<u8>,
    pub flags: u16,
    /// 0 stores, 8 deflates; others are claimed only.
    pub method: u16,
    pub attributes: u32,
    pub disk: u16,
    pub comment: Vec<u8>,
    pub extra: Vec<u8>,
    pub local_name: Option<Vec<u8>>,
    pub local_method: Option<u16>,
    pub local_flags: Option<u16>,
    pub local_size: Option<u32>,
    pub local_extra: Vec<u8>,
    /// In both headers.
    pub size: Option<u32>,
    pub packed_size: Option<u32>,
    pub checksum: Option<u32>,
    pub offset: Option<u32>,
    /// Behind the packed data, and counted with them.
    pub behind_packed: Vec<u8>,
    /// Behind the entry, and counted with nothing.
    pub gap: Vec<u8>,
    /// The sizes behind the data, with or without their signature; flag 8 goes with it.
    pub descriptor: Option<Vec<u8>>,
}

pub fn entry(name: &str, content: &[u8]) -> Forged {
    let flags = if name.is_ascii() { 0 } else { 1 << 11 };
    Forged { name: name.into(), content: content.to_vec(), flags, method: 8, ..Forged::default() }
}

pub fn checksum(content: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(content);
    crc.sum()
}

impl Forged {
    pub fn packed(&self) -> Vec<u8> {
        let mut packed = if self.method == 8 {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&self.content).unwrap();
            encoder.finish().unwrap()
        } else {
            self.content.clone()
        };
        packed.extend_from_slice(&self.behind_packed);
        packed
    }

    /// Checksum and sizes as both headers have them.
    fn numbers(&self) -> [u32; 3] {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
        [
            self.checksum.unwrap_or_else(|| checksum(&self.content)),
            self.packed_size.unwrap_or_else(|| length(&self.packed())),
            self.size.unwrap_or_else(|| length(&self.content)),
        ]
    }

    /// With the descriptor that many streaming programs write.
    pub fn streamed(mut self, signed: bool) -> Self {
        let mut descriptor = if signed { b"PK\x07\x08".to_vec() } else { Vec::new() };
        self.numbers().iter().for_each(|number| descriptor.extend(number.to_le_bytes()));
        self.flags |= 8;
        self.descriptor = Some(descriptor);
        self
    }

    fn local(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let [checksum, packed, size] = if self.descriptor.is_some() { [0; 3] } else { self.numbers() };
        let mut bytes = b"PK\x03\x04\x14\0".to_vec();
        bytes.extend(self.local_flags.unwrap_or(self.flags).to_le_bytes());
        bytes.extend(self.local_method.unwrap_or(self.method).to_le_bytes());
        bytes.extend([0, 0, 0x21, 0]);
        for number in [checksum, packed, self.local_size.unwrap_or(size)] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(short(name));
        bytes.extend(short(&self.local_extra));
        [&bytes, name, &self.local_extra, &self.packed(), self.descriptor.as_deref().unwrap_or_default()]
            .concat()
    }

    fn central(&self, offset: u32) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\x14\x03\x14\0".to_vec();
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0, 0, 0x21, 0]);
        self.numbers().iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes.extend([short(&self.name), short(&self.extra), short(&self.comment)].concat());
        bytes.extend(self.disk.to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(self.attributes.to_le_bytes());
        bytes.extend(self.offset.unwrap_or(offset).to_le_bytes());
        [&bytes, &self.name[..], &self.extra, &self.comment].concat()
    }
}

fn short(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap().to_le_bytes()
}

/// An archive of the entries in their order.
pub fn archive(entries: &[Forged]) -> Vec<u8> {
    with_directory(entries, |_| {})
}

/// The same with the directory's bytes altered.
pub fn with_directory(entries: &[Forged], alter: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        directory.extend(entry.central(u32::try_from(bytes.len()).unwrap()));
        bytes.extend(entry.local());
        bytes.extend_from_slice(&entry.gap);
    }
    alter(&mut directory);
    let (start, length) = (u32::try_from(bytes.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend(length.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}
