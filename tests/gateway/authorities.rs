//! Authorities of a test, whose certificates openssl makes, and clients that know and show them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::{Certificate, Client, Identity};

/// Authorities and what they have signed, in a folder.
pub struct Authorities(tempfile::TempDir);

impl Authorities {
    pub fn new() -> Self {
        let authorities = Self(tempfile::tempdir().unwrap());
        for name in ["house", "other"] {
            authorities.openssl(&["-subj", &format!("/CN={name} root"), "-extensions", "root"], name, None);
        }
        authorities
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A certificate `NAME.pem` for this machine with its key `NAME.key`.
    pub fn issue(&self, name: &str, authority: &str) {
        self.openssl(&["-subj", &format!("/CN={name}"), "-extensions", "leaf"], name, Some(authority));
    }

    fn openssl(&self, arguments: &[&str], name: &str, authority: Option<&str>) {
        let config = self.path("openssl.cnf");
        let text = "[req]\ndistinguished_name = name\n[name]\n\
                    [root]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = keyCertSign\n\
                    subjectKeyIdentifier = hash\n\
                    [leaf]\nbasicConstraints = critical,CA:FALSE\nsubjectAltName = IP:127.0.0.1\n";
        std::fs::write(&config, text).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-noenc",
            "-days",
            "2",
        ]);
        openssl.arg("-config").arg(&config).args(arguments);
        openssl.arg("-keyout").arg(self.path(&format!("{name}.key")));
        openssl.arg("-out").arg(self.path(&format!("{name}.pem")));
        if let Some(authority) = authority {
            openssl.arg("-CA").arg(self.path(&format!("{authority}.pem")));
            openssl.arg("-CAkey").arg(self.path(&format!("{authority}.key")));
        }
        let made = openssl.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        private(&self.path(&format!("{name}.key")));
    }

    /// The section that a listener has its TLS from, with the certificate `server`.
    pub fn section(&self, name: &str, more: &str) -> String {
        let (certificate, key) = (self.path("server.pem"), self.path("server.key"));
        format!("[{name}.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n{more}")
    }

    /// A caller that trusts one authority, and shows a certificate if it has one.
    pub fn client(&self, trusted: &str, shown: Option<&str>) -> Client {
        let root = std::fs::read(self.path(&format!("{trusted}.pem"))).unwrap();
        let mut client =
            Client::builder().no_proxy().timeout(Duration::from_secs(30)).pool_max_idle_per_host(0);
        client = client.tls_certs_only([Certificate::from_pem(&root).unwrap()]);
        if let Some(name) = shown {
            let files =
                ["key", "pem"].map(|ending| std::fs::read(self.path(&format!("{name}.{ending}"))).unwrap());
            client = client.identity(Identity::from_pem(&files.concat()).unwrap());
        }
        client.build().unwrap()
    }
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
