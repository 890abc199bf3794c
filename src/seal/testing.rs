//! What the tests of this room share: a small document, and people with keys, certificates and a seal.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;

use super::{Area, ElectronicSeal, LocalSigner, Millimetres, SealDescription, SealMaker, Sealer, Stamp};
use crate::crypto::certificate::{Certificate, Issuer, Subject, Validity};
use crate::crypto::sm2::PrivateKey;
use crate::document::ofd::package::Package;

/// Anybody with a key and a certificate can make seals; whether they count is another matter.
pub type Party = SealMaker;

impl SealMaker {
    pub fn signer(&self) -> LocalSigner {
        LocalSigner::new(PrivateKey::from_pem(&self.key.to_pem()).unwrap(), self.certificate.clone()).unwrap()
    }
}

/// A certification authority, a seal maker and an insurer with certificates of it for 2026, and somebody else who made
/// himself an authority of the same name.
pub struct World {
    pub root: Certificate,
    pub maker: Party,
    pub insurer: Party,
    pub colleague: Party,
    pub stranger: Party,
}

pub static WORLD: LazyLock<World> = LazyLock::new(make_world);

fn make_world() -> World {
    let subject = |common_name: &str| Subject {
        common_name: common_name.to_owned(),
        organization: "示范".to_owned(),
    };
    let validity =
        Validity { not_before: time("2026-01-01T00:00:00Z"), not_after: time("2026-12-31T23:59:59Z") };
    let longer = Validity { not_after: time("2036-01-01T00:00:00Z"), ..validity };
    let root = Issuer::self_signed(&subject("示范根"), PrivateKey::generate(), longer).unwrap();
    let certified = |name: &str| {
        let key = PrivateKey::generate();
        let certificate = root.issue(&subject(name), &key.public_key(), validity).unwrap();
        Party { key, certificate }
    };
    let (maker, insurer, colleague) = (certified("制章中心"), certified("示范保险"), certified("示范保险二"));
    let key = PrivateKey::generate();
    let own = Issuer::self_signed(&subject("示范根"), PrivateKey::generate(), longer).unwrap();
    let certificate = own.issue(&subject("示范保险"), &key.public_key(), validity).unwrap();
    let stranger = Party { key, certificate };
    World { root: root.certificate().clone(), maker, insurer, colleague, stranger }
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// When the tests seal.
pub fn noon() -> Timestamp {
    time("2026-11-22T04:05:06Z")
}

pub fn description<'a>(signer: &'a Certificate) -> SealDescription<'a> {
    SealDescription {
        id: "46010020260001",
        name: "海南示范保险股份有限公司保函专用章",
        picture_png: b"\x89PNG\r\n\x1a\n (not drawn)",
        width_mm: 42,
        height_mm: 42,
        valid_from: time("2026-02-01T00:00:00Z"),
        valid_until: time("2027-06-01T00:00:00Z"),
        signer_certificate: signer,
    }
}

static SEAL: LazyLock<Vec<u8>> =
    LazyLock::new(|| ElectronicSeal::make(&WORLD.maker, &description(&WORLD.insurer.certificate)).unwrap());

/// The insurer's seal, always the same.
pub fn seal_der() -> Vec<u8> {
    SEAL.clone()
}

pub static SEALER: LazyLock<Sealer> =
    LazyLock::new(|| Sealer::new(Arc::new(WORLD.insurer.signer()), seal_der()).unwrap());

pub fn stamps() -> Vec<Stamp> {
    let mm = Millimetres::whole;
    let mut stamps = Stamp::riding(&[1, 2], mm(210), mm(130), mm(42), mm(42));
    stamps.push(Stamp::on_page(2, Area { x: mm(130), y: mm(220), width: mm(42), height: mm(42) }));
    stamps
}

/// Two pages and an attachment, ready to be sealed.
pub fn package() -> Package {
    let namespace = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
    let page = |text: &str| {
        format!(
            "<ofd:Page {namespace}><ofd:Content><ofd:Layer ID=\"9\"><ofd:TextObject ID=\"10\" Boundary=\"20 20 90 8\" \
             Font=\"3\" Size=\"5\"><ofd:TextCode X=\"0\" Y=\"5\">{text}</ofd:TextCode></ofd:TextObject></ofd:Layer>\
             </ofd:Content></ofd:Page>"
        )
    };
    let mut package = Package::default();
    package.put(
        "OFD.xml",
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ofd:OFD {namespace} Version=\"1.0\" DocType=\"OFD\"><ofd:DocBody>\
             <ofd:DocInfo><ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID></ofd:DocInfo>\
             <ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>\
             <ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>"
        ),
    );
    package.put(
        "Doc_0/Document.xml",
        format!(
            "<ofd:Document {namespace}><ofd:CommonData><ofd:MaxUnitID>20</ofd:MaxUnitID><ofd:PageArea>\
             <ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>\
             </ofd:CommonData><ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/>\
             <ofd:Page ID=\"2\" BaseLoc=\"Pages/Page_1/Content.xml\"/></ofd:Pages>\
             <ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>"
        ),
    );
    package.put(
        "Doc_0/PublicRes.xml",
        format!(
            "<ofd:Res {namespace} BaseLoc=\"Res\"><ofd:Fonts><ofd:Font ID=\"3\" FontName=\"SimSun\"/></ofd:Fonts></ofd:Res>"
        ),
    );
    package.put("Doc_0/Pages/Page_0/Content.xml", page("投标保函"));
    package.put("Doc_0/Pages/Page_1/Content.xml", page("保证金额 100,000.00 元"));
    package.put(
        "Doc_0/Attachs/Attachments.xml",
        format!(
            "<ofd:Attachments {namespace}><ofd:Attachment ID=\"a1\" Name=\"guarantee\" Format=\"xml\" Visible=\"false\">\
             <ofd:FileLoc>guarantee.xml</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"
        ),
    );
    package.put("Doc_0/Attachs/guarantee.xml", "<guarantee><amount>100000.00</amount></guarantee>");
    package
}

pub fn sealed() -> Vec<u8> {
    super::seal(package(), &SEALER, &stamps(), noon()).unwrap()
}
