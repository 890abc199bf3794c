//! Whole handshakes in memory, under certificates that the `openssl` program issues.

use rustls::{ClientConfig, ClientConnection, ServerConnection, SupportedProtocolVersion};

use super::*;
use crate::crypto::openssl;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// A folder with an authority and what it has issued.
struct Authority(tempfile::TempDir);

impl Authority {
    fn new() -> Self {
        let authority = Self(tempfile::tempdir().unwrap());
        authority.make("authority", &[]);
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A key and its certificate, `NAME.key` and `NAME.pem`; the first of all is its own issuer.
    fn make(&self, name: &str, options: &[&str]) {
        let (key, file) = (self.path(&format!("{name}.key")), self.path(&format!("{name}.pem")));
        let subject = format!("/CN={name}");
        let mut arguments = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        arguments.extend(["-nodes", "-days", "2", "-subj", &subject]);
        arguments.extend(["-keyout", key.to_str().unwrap(), "-out", file.to_str().unwrap()]);
        arguments.extend(options);
        openssl::run(&arguments, b"");
    }

    fn issue(&self, name: &str) {
        let (issuer, key) = (self.path("authority.pem"), self.path("authority.key"));
        let names = ["-addext", "subjectAltName=DNS:gateway.test"];
        let end = ["-addext", "basicConstraints=critical,CA:FALSE"];
        let by = ["-CA", issuer.to_str().unwrap(), "-CAkey", key.to_str().unwrap()];
        self.make(name, &[names, end].concat().into_iter().chain(by).collect::<Vec<_>>());
    }

    fn files(&self, client_ca: Option<PathBuf>) -> ServerFiles {
        ServerFiles { certificate: self.path("server.pem"), key: self.path("server.key"), client_ca }
    }

    /// A caller that trusts this authority and shows what `whose` has issued to it, if anything.
    fn caller(&self, version: &'static SupportedProtocolVersion, whose: Option<&Self>) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.path("authority.pem")).unwrap() {
            roots.add(certificate).unwrap();
        }
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots);
        let Some(whose) = whose else { return builder.with_no_client_auth() };
        let chain = certificates(&whose.path("caller.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(whose.path("caller.key")).unwrap();
        builder.with_client_auth_cert(chain, key).unwrap()
    }
}

/// Certificates for a listener and for a caller.
fn authority() -> Authority {
    let authority = Authority::new();
    authority.issue("server");
    authority.issue("caller");
    authority
}

/// Carries bytes both ways until both sides are done; yields the certificate that the caller was shown.
fn shake_hands(
    server: &Arc<ServerConfig>,
    caller: ClientConfig,
) -> Result<CertificateDer<'static>, rustls::Error> {
    let mut caller = ClientConnection::new(Arc::new(caller), "gateway.test".try_into().unwrap())?;
    let mut server = ServerConnection::new(Arc::clone(server))?;
    while caller.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        while caller.wants_write() {
            caller.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            caller.read_tls(&mut rest).unwrap();
            caller.process_new_packets()?;
        }
    }
    Ok(caller.peer_certificates().unwrap()[0].clone().into_owned())
}

#[test]
fn a_caller_without_a_certificate_of_the_authority_gets_no_further_than_the_handshake() {
    let (ours, others) = (authority(), authority());
    let open = Arc::new(server_config(ours.files(None), Uncertified::Refused).unwrap());
    let closed =
        Arc::new(server_config(ours.files(Some(ours.path("authority.pem"))), Uncertified::Refused).unwrap());
    let trusting = ours.files(Some(ours.path("authority.pem")));
    let asking = Arc::new(server_config(trusting, Uncertified::Admitted).unwrap());
    for version in VERSIONS {
        assert!(shake_hands(&asking, ours.caller(version, None)).is_ok());
        assert!(shake_hands(&asking, ours.caller(version, Some(&ours))).is_ok());
        assert!(shake_hands(&asking, ours.caller(version, Some(&others))).is_err(), "{version:?}");
        assert!(shake_hands(&open, ours.caller(version, None)).is_ok());
        assert!(shake_hands(&closed, ours.caller(version, Some(&ours))).is_ok());
        // The other authority bears the same name.
        for stranger in [None, Some(&others)] {
            assert!(shake_hands(&closed, ours.caller(version, stranger)).is_err(), "{version:?}");
        }
    }
    assert_eq!(closed.send_tls13_tickets, 0, "a session that is taken up again would skip the look");
}

#[test]
fn a_renewed_certificate_is_shown_at_the_next_handshake_and_a_broken_one_never() {
    let authority = authority();
    let server = Arc::new(server_config(authority.files(None), Uncertified::Refused).unwrap());
    let shown = || shake_hands(&server, authority.caller(VERSIONS[1], None)).unwrap();
    let first = shown();
    assert_eq!(shown(), first);
    authority.issue("server");
    let second = shown();
    assert_ne!(second, first);
    // Half of what is being written, then a key that does not belong to the certificate.
    std::fs::write(authority.path("server.pem"), "-----BEGIN CERTIFICATE-----\nMIIB").unwrap();
    assert_eq!(shown(), second);
    authority.issue("server");
    let third = shown();
    std::fs::copy(authority.path("caller.key"), authority.path("server.key")).unwrap();
    assert_eq!(shown(), third);
    assert_ne!(third, second);
}

#[test]
fn authorities_of_callers_are_read_again_too() {
    let (ours, others) = (authority(), authority());
    let trusted = ours.path("trusted.pem");
    std::fs::copy(ours.path("authority.pem"), &trusted).unwrap();
    let server = Arc::new(server_config(ours.files(Some(trusted.clone())), Uncertified::Refused).unwrap());
    let admitted = |whose| shake_hands(&server, ours.caller(VERSIONS[1], Some(whose))).is_ok();
    assert_eq!([admitted(&ours), admitted(&others)], [true, false]);
    let both = [&ours, &others].map(|it| std::fs::read_to_string(it.path("authority.pem")).unwrap());
    std::fs::write(&trusted, both.concat()).unwrap();
    assert_eq!([admitted(&ours), admitted(&others)], [true, true]);
    std::fs::write(&trusted, &both[1]).unwrap();
    assert_eq!([admitted(&ours), admitted(&others)], [false, true]);
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_its_setting() {
    let authority = authority();
    let fine = || authority.files(Some(authority.path("authority.pem")));
    let said = |files| server_config(files, Uncertified::Refused).err().unwrap().to_string();
    let empty = authority.path("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let missing = said(ServerFiles { certificate: authority.path("nowhere.pem"), ..fine() });
    assert!(missing.starts_with("certificate: ") && missing.contains("nowhere.pem"), "{missing}");
    let none = said(ServerFiles { certificate: empty.clone(), ..fine() });
    assert!(none.starts_with("certificate: ") && none.contains("found none"), "{none}");
    let other = said(ServerFiles { key: authority.path("caller.key"), ..fine() });
    assert!(other.starts_with("key: ") && other.contains("does not go with the certificate"), "{other}");
    let none = said(ServerFiles { client_ca: Some(empty), ..fine() });
    assert!(none.starts_with("client_ca: ") && none.contains("found none"), "{none}");
}
