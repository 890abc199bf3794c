//! Files that targets change: made once by `making`, and kept, because a signature is another one each time.

use std::sync::LazyLock;

use baohan_gateway::crypto::certificate::Certificate;
use baohan_gateway::seal::Trust;
use jiff::Timestamp;

/// A sealed OFD of two pages, with text, a path, a picture and an attachment.
pub const SEALED: &[u8] = include_bytes!("material/sealed.ofd");
/// A PDF of two pages, signed in each container.
pub const SIGNED: [&[u8]; 3] = [
    include_bytes!("material/cms.pdf"),
    include_bytes!("material/gm-signed-data.pdf"),
    include_bytes!("material/ses.pdf"),
];
/// A platform's statement as XLSX.
pub const WORKBOOK: &[u8] = include_bytes!("material/statement.xlsx");

/// The authority of the SM2 certificates, and the certificate behind `cms.pdf`.
pub static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust {
    anchors: Certificate::all_from_pem(include_str!("material/anchors.pem")).unwrap(),
});

/// When the files are verified, which is when they were sealed.
pub fn noon() -> Timestamp {
    "2026-11-22T04:05:06Z".parse().unwrap()
}
