//! Letters made by hand, with a line of text per page, and sealed with keys of libsm's.

use std::io::{Cursor, Write};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zip::write::SimpleFileOptions;

use super::super::tender::Application;
use super::number;
use crate::crypto::second_opinion::{KeyPair, sm3};

/// What stands in a ciphertext letter.
pub fn ciphertext_lines(application: &Application) -> Vec<String> {
    let sealed = application.sealed().unwrap();
    let (first, second) = sealed.biaoduanname.split_at(20);
    vec![
        format!("编号：{}", number(application)),
        format!("申请人：{}", application.biddername),
        format!("招标人：{}", sealed.zbr),
        format!("标段编号：{}", sealed.biaoduanno),
        format!("标段名称：{first}"),
        second.to_owned(),
        format!("金额：人民币{}元", application.bond),
    ]
}

/// What stands in a merged letter.
pub fn merged_lines(application: &Application) -> Vec<String> {
    let mut lines = ciphertext_lines(application);
    lines.extend([
        format!("招标人：{}", application.beneficiary),
        format!("标段编号：{}", application.section_number),
        format!("标段名称：{}", application.section_name),
    ]);
    lines
}

/// What stands in a letter that never was a ciphertext.
pub fn plaintext_lines(application: &Application) -> Vec<String> {
    vec![
        format!("编号：{}", number(application)),
        format!("申请人：{}", application.biddername),
        format!("金额：人民币{}元", application.bond),
        format!("招标人：{}", application.beneficiary),
        format!("标段编号：{}", application.section_number),
        format!("标段名称：{}", application.section_name),
    ]
}

/// Who signs, who has made the seal, and whose certificate the seal lists.
pub struct Seal<'a> {
    pub signer: &'a KeyPair,
    pub maker: &'a KeyPair,
    pub listed: &'a KeyPair,
}

pub static SIGNER: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());
pub static MAKER: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());

impl Seal<'_> {
    /// A seal as it should be.
    pub fn sound() -> Self {
        Self { signer: &SIGNER, maker: &MAKER, listed: &SIGNER }
    }

    /// SES_Signature (GB/T 38540-2020, 6.2) over a `Signature.xml`.
    pub fn value(&self, signature_xml: &[u8]) -> Vec<u8> {
        self.forged(self.maker, signature_xml)
    }

    /// The same, but the seal names another maker than the one who has signed it.
    pub fn forged(&self, named: &KeyPair, signature_xml: &[u8]) -> Vec<u8> {
        const OID: &[u8] = &[0x06, 1, 0x2a];
        let time = || der(0x18, &[b"20240603092000Z"]);
        let list = der(0x30, &[&der(0x04, &[&certificate(self.listed)])]);
        let times = [time(), time(), time()].concat();
        let property =
            der(0x30, &[&[2, 1, 1], &der(0x0c, &["电子印章".as_bytes()]), &[2, 1, 1], &list, &times]);
        let header = der(0x30, &[&der(0x16, &[b"ES"]), &[2, 1, 4], &der(0x16, &[b"maker"])]);
        let info = der(0x30, &[&header, &der(0x16, &[b"1"]), &property, &der(0x30, &[])]);
        let made = der(0x03, &[&[0], &self.maker.sign(&info).unwrap()]);
        let seal = der(0x30, &[&info, &der(0x04, &[&certificate(named)]), OID, &made]);
        let digest = der(0x03, &[&[0], &sm3(signature_xml)]);
        let path = der(0x16, &[b"/Doc_0/Signs/Sign_0/Signature.xml"]);
        let to_sign = der(0x30, &[&[2, 1, 4], &seal, &time(), &digest, &path]);
        let signed = der(0x03, &[&[0], &self.signer.sign(&to_sign).unwrap()]);
        der(0x30, &[&to_sign, &der(0x04, &[&certificate(self.signer)]), OID, &signed])
    }
}

/// As much of a certificate as holds a key.
fn certificate(key: &KeyPair) -> Vec<u8> {
    let empty = der(0x30, &[]);
    let point = der(0x03, &[&[0], &key.public_sec1()]);
    let info = der(0x30, &[&empty, &point]);
    let version = der(0xa0, &[&[2, 1, 2]]);
    let body = der(0x30, &[&version, &[2, 1, 1], &empty, &empty, &empty, &empty, &info]);
    der(0x30, &[&body, &empty, &der(0x03, &[&[0]])])
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match length {
        [0, short @ 0..=0x7f] => vec![tag, short],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// A small OFD with one line of text per page, sealed, with an attachment.
pub fn sealed_ofd(lines: &[String], attachment: &str) -> Vec<u8> {
    ofd_with(&Seal::sound(), lines, attachment)
}

/// The same with a given seal.
pub fn ofd_with(seal: &Seal<'_>, lines: &[String], attachment: &str) -> Vec<u8> {
    let mut files = unsealed_files(lines, attachment);
    let ofd = files[0].1.replace(
        "</ofd:DocRoot>",
        "</ofd:DocRoot><ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>",
    );
    files[0].1 = ofd;
    let references: String = files
        .iter()
        .map(|(name, text)| {
            let digest = BASE64.encode(sm3(text.as_bytes()));
            format!(r#"<ofd:Reference FileRef="/{name}"><ofd:CheckValue>{digest}</ofd:CheckValue></ofd:Reference>"#)
        })
        .collect();
    files.push((
        "Doc_0/Signs/Signatures.xml".to_owned(),
        r#"<ofd:Signatures xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Signature ID="s001" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>"#.to_owned(),
    ));
    let signature = format!(
        r#"<ofd:Signature xmlns:ofd="http://www.ofdspec.org/2016"><ofd:SignedInfo><ofd:References>{references}</ofd:References></ofd:SignedInfo><ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat</ofd:SignedValue></ofd:Signature>"#
    );
    let value = seal.value(signature.as_bytes());
    files.push(("Doc_0/Signs/Sign_0/Signature.xml".to_owned(), signature));
    let mut archive = archive_of(&files);
    archive.start_file("Doc_0/Signs/Sign_0/SignedValue.dat", SimpleFileOptions::default()).unwrap();
    archive.write_all(&value).unwrap();
    archive.finish().unwrap().into_inner()
}

pub fn unsealed_files(lines: &[String], attachment: &str) -> Vec<(String, String)> {
    let file = |name: &str, text: String| (name.to_owned(), text);
    let mut files = vec![
        file(
            "OFD.xml",
            r#"<?xml version="1.0"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"#.to_owned(),
        ),
        file("Doc_0/Attachs/data.xml", attachment.to_owned()),
    ];
    let mut pages = String::new();
    for (page, line) in lines.iter().enumerate() {
        pages.push_str(&format!(r#"<ofd:Page ID="{}" BaseLoc="Pages/Page_{page}/Content.xml"/>"#, page + 1));
        let (first, second) = line.split_at(line.char_indices().nth(3).map_or(0, |(at, _)| at));
        files.push(file(
            &format!("Doc_0/Pages/Page_{page}/Content.xml"),
            format!(
                r#"<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Content><ofd:Layer><ofd:TextObject><ofd:TextCode X="0" Y="4">{first} </ofd:TextCode></ofd:TextObject><ofd:TextObject><ofd:TextCode>{second}</ofd:TextCode></ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>"#
            ),
        ));
    }
    files.push(file(
        "Doc_0/Document.xml",
        format!(
            r#"<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Pages>{pages}</ofd:Pages></ofd:Document>"#
        ),
    ));
    files
}

pub fn zipped<T: AsRef<[u8]>>(files: &[(String, T)]) -> Vec<u8> {
    archive_of(files).finish().unwrap().into_inner()
}

fn archive_of<T: AsRef<[u8]>>(files: &[(String, T)]) -> zip::ZipWriter<Cursor<Vec<u8>>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes.as_ref()).unwrap();
    }
    archive
}
