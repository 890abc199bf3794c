//! TLS of the core system's listener with real handshakes: certificates by openssl, calls by another library's client.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use baohan_gateway::api::Scope;
use reqwest::{Certificate, Client, Identity, Method};

use super::API;
use crate::house::{Database, House};

const NOBODY: &str = "/guarantees/01990000-0000-7000-8000-000000000000";

/// Authorities and what they have signed, in a folder.
struct Authorities(tempfile::TempDir);

impl Authorities {
    fn new() -> Self {
        let authorities = Self(tempfile::tempdir().unwrap());
        for name in ["house", "other"] {
            authorities.openssl(&["-subj", &format!("/CN={name} root"), "-extensions", "root"], name, None);
        }
        authorities
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A certificate `NAME.pem` for this machine with its key `NAME.key`.
    fn issue(&self, name: &str, authority: &str) {
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

    /// Settings with the certificate `server`.
    fn settings(&self, more: &str) -> String {
        let (certificate, key) = (self.path("server.pem"), self.path("server.key"));
        format!("{API}[api.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n{more}")
    }

    /// A caller that trusts one authority, and shows a certificate if it has one.
    fn client(&self, trusted: &str, shown: Option<&str>) -> Client {
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

/// The status that a caller gets, or that it got no answer.
async fn call(house: &House, key: &str, client: Client) -> Result<u16, String> {
    let mut core = house.core_with(key, client);
    core.base = core.base.replace("http://", "https://");
    let answer = core.request(Method::GET, NOBODY).send().await;
    answer.map(|response| response.status().as_u16()).map_err(|error| format!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_shown_from_the_next_handshake_on() {
    let authorities = Authorities::new();
    authorities.issue("server", "house");
    let house = House::open_with(Database::Sqlite, &authorities.settings("")).await;
    let key = house.core_allowed("core", &[Scope::Read]).await.key;
    assert_eq!(call(&house, &key, authorities.client("house", None)).await, Ok(404));
    assert!(call(&house, &key, authorities.client("other", None)).await.is_err());
    let plain = house.core_with(&key, crate::pushes::client());
    assert!(plain.request(Method::GET, NOBODY).send().await.is_err());

    authorities.issue("server", "other");
    assert_eq!(call(&house, &key, authorities.client("other", None)).await, Ok(404));
    assert!(call(&house, &key, authorities.client("house", None)).await.is_err());

    // Half of a renewal: a key that does not belong to its certificate. The former pair stays in use.
    authorities.issue("next", "house");
    std::fs::copy(authorities.path("next.key"), authorities.path("server.key")).unwrap();
    assert_eq!(call(&house, &key, authorities.client("other", None)).await, Ok(404));
    std::fs::copy(authorities.path("next.pem"), authorities.path("server.pem")).unwrap();
    assert_eq!(call(&house, &key, authorities.client("house", None)).await, Ok(404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_without_a_certificate_of_ours_gets_no_further_than_the_handshake() {
    let authorities = Authorities::new();
    authorities.issue("server", "house");
    authorities.issue("caller", "other");
    authorities.issue("stranger", "house");
    let client_ca = format!("client_ca = {:?}\n", authorities.path("other.pem"));
    let house = House::open_with(Database::Sqlite, &authorities.settings(&client_ca)).await;
    let key = house.core_allowed("core", &[Scope::Read]).await.key;
    assert_eq!(call(&house, &key, authorities.client("house", Some("caller"))).await, Ok(404));
    for stranger in [None, Some("stranger")] {
        let refused = call(&house, &key, authorities.client("house", stranger)).await;
        assert!(refused.is_err(), "{stranger:?}: {refused:?}");
    }
    // A certificate is no key.
    let keyless = call(&house, "bhk_none", authorities.client("house", Some("caller"))).await;
    assert_eq!(keyless, Ok(401));

    // The authorities are renewed like the rest.
    std::fs::copy(authorities.path("house.pem"), authorities.path("other.pem")).unwrap();
    assert_eq!(call(&house, &key, authorities.client("house", Some("stranger"))).await, Ok(404));
    assert!(call(&house, &key, authorities.client("house", Some("caller"))).await.is_err());
}
