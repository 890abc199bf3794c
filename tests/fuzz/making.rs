//! Makes the files of `material` anew, with new keys.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use baohan_gateway::crypto::certificate::{Issuer, Subject, Validity, self_issued};
use baohan_gateway::crypto::international;
use baohan_gateway::crypto::sm2::PrivateKey;
use baohan_gateway::document::SealPlace;
use baohan_gateway::document::ofd::package::Package;
use baohan_gateway::seal::pdf::{
    Container, InternationalSigner, PdfSignatureProfile, PdfSigner, SealPicture, sign,
};
use baohan_gateway::seal::{
    Area, ElectronicSeal, LocalSigner, Millimetres, SealDescription, SealMaker, Sealer, Stamp, seal,
};
use jiff::Timestamp;

use crate::material::noon;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn subject(name: &str) -> Subject {
    Subject { common_name: name.to_owned(), organization: "示范".to_owned() }
}

/// Writes the files that `material` names, the seal alone, and a PKCS#12 file.
pub fn make(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    let validity =
        Validity { not_before: time("2026-01-01T00:00:00Z"), not_after: time("2036-01-01T00:00:00Z") };
    let root = Issuer::self_signed(&subject("示范根"), PrivateKey::generate(), validity).unwrap();
    let certified = |name: &str| {
        let key = PrivateKey::generate();
        let certificate = root.issue(&subject(name), &key.public_key(), validity).unwrap();
        SealMaker { key, certificate }
    };
    let (maker, insurer) = (certified("制章中心"), certified("示范保险"));
    let description = SealDescription {
        id: "46010020260001",
        name: "示范保险保函专用章",
        picture_png: &picture(),
        width_mm: 42,
        height_mm: 42,
        valid_from: time("2026-02-01T00:00:00Z"),
        valid_until: time("2035-06-01T00:00:00Z"),
        signer_certificate: &insurer.certificate,
    };
    let seal_der = ElectronicSeal::make(&maker, &description).unwrap();
    write("seal.esl", &seal_der);
    let signer = Arc::new(LocalSigner::new(insurer.key, insurer.certificate).unwrap());
    let sealer = Sealer::new(signer, seal_der).unwrap();
    write("sealed.ofd", &seal(package(), &sealer, &stamps(), noon()).unwrap());

    let key = international::PrivateKey::generate_p256().unwrap();
    let certificate = self_issued(&subject("示范保险"), &key, validity).unwrap();
    write("anchors.pem", (root.certificate().to_pem() + &certificate.to_pem()).as_bytes());
    let sm2 = PdfSigner::Sm2(Arc::new(sealer));
    let ecdsa = InternationalSigner::new(key, vec![certificate]).unwrap();
    let places = [SealPlace { page_index: 1, x_mm: 150.0, y_mm: 220.0 }];
    for (name, container, signer) in [
        ("cms.pdf", Container::Cms, &PdfSigner::International(Arc::new(ecdsa))),
        ("gm-signed-data.pdf", Container::GmSignedData, &sm2),
        ("ses.pdf", Container::Ses, &sm2),
    ] {
        let profile =
            PdfSignatureProfile { container, slot_bytes: Some(4_096), ..PdfSignatureProfile::default() };
        let picture = SealPicture::from_png(&picture(), (42, 42)).unwrap();
        write(name, &sign(pdf(), signer, &picture, &places, &profile, noon()).unwrap());
    }
    write("statement.xlsx", &statement());
    write("key.p12", &pkcs12(folder));
}

/// By the `openssl` program, with as few rounds as the format allows: a fuzzer opens it often.
fn pkcs12(folder: &Path) -> Vec<u8> {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let key = tempfile::NamedTempFile::new().unwrap();
    let key = key.path().to_str().unwrap();
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", key]);
    let request = ["req", "-new", "-x509", "-key", key, "-subj", "/CN=x", "-sm3", "-out", key];
    let private = std::fs::read(key).unwrap();
    openssl(&request);
    let certificate = std::fs::read(key).unwrap();
    std::fs::write(key, [private, certificate].concat()).unwrap();
    openssl(&["pkcs12", "-export", "-in", key, "-passout", "pass:correct horse", "-iter", "1"])
}

fn stamps() -> Vec<Stamp> {
    let mm = Millimetres::whole;
    let mut stamps = Stamp::riding(&[1, 2], mm(210), mm(130), mm(42), mm(42));
    stamps.push(Stamp::on_page(2, Area { x: mm(130), y: mm(220), width: mm(42), height: mm(42) }));
    stamps
}

/// A red square that is see-through at one side.
fn picture() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 8, 8);
    encoder.set_color(png::ColorType::Rgba);
    let pixels: Vec<u8> = (0..64_u8).flat_map(|index| [200, 0, 0, index * 4]).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

fn package() -> Package {
    let namespace = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
    let page = |text: &str| {
        format!(
            "<ofd:Page {namespace}><ofd:Content><ofd:Layer ID=\"9\">\
             <ofd:PathObject ID=\"11\" Boundary=\"10 10 50 50\" LineWidth=\"0.5\" CTM=\"1 0 0 1 0 0\"><ofd:StrokeColor Value=\"200 0 0\"/>\
             <ofd:AbbreviatedData>M 0 0 L 50 0 B 50 20 20 50 0 50 C</ofd:AbbreviatedData></ofd:PathObject>\
             <ofd:ImageObject ID=\"12\" Boundary=\"80 80 20 20\" CTM=\"20 0 0 20 0 0\" ResourceID=\"4\"/>\
             <ofd:TextObject ID=\"10\" Boundary=\"20 20 90 8\" Font=\"3\" Size=\"5\"><ofd:FillColor Value=\"0 0 0\"/>\
             <ofd:TextCode X=\"0\" Y=\"5\" DeltaX=\"g 3 5 4\">{text}</ofd:TextCode></ofd:TextObject></ofd:Layer>\
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
            "<ofd:Res {namespace} BaseLoc=\"Res\"><ofd:Fonts><ofd:Font ID=\"3\" FontName=\"SimSun\"/></ofd:Fonts>\
             <ofd:MultiMedias><ofd:MultiMedia ID=\"4\" Type=\"Image\" Format=\"PNG\"><ofd:MediaFile>square.png</ofd:MediaFile>\
             </ofd:MultiMedia></ofd:MultiMedias></ofd:Res>"
        ),
    );
    package.put("Doc_0/Res/square.png", picture());
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

/// Two pages and a cross-reference table.
fn pdf() -> Vec<u8> {
    let text = |line: &str| format!("BT /F 12 Tf 72 700 Td ({line}) Tj ET");
    let stream = |content: String| format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    let font = "/Resources << /Font << /F 5 0 R >> >>";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 /MediaBox [0 0 595.276 841.89] >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R {font} /Contents 6 0 R >>"),
        format!("<< /Type /Page /Parent 2 0 R {font} /Contents [7 0 R] >>"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        stream(text("Letter of guarantee")),
        stream(text("CNY 100,000.00")),
    ];
    let mut pdf = "%PDF-1.7\n%\u{e9}\u{e9}\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", pdf.len());
        pdf += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let start = pdf.len();
    pdf += &format!(
        "{table}trailer\n<< /Size {} /Root 1 0 R /ID [<00112233> <00112233>] >>\nstartxref\n{start}\n%%EOF",
        objects.len() + 1
    );
    pdf.into_bytes()
}

fn statement() -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let rows = [
        ["保函编号", "业务流水号", "保函金额", "保费", "状态", "出函日期"],
        ["BH2024060300000001", "TBHN202406030915270001", "800000.00", "3200.00", "已出函", "2024-06-03"],
        ["BH2024060300000002", "", "1,200.5", "12", "退保", "2024/6/4"],
    ];
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    sheet.write_number(3, 2, 5).unwrap();
    workbook.save_to_buffer().unwrap()
}
