//! Letters signed by a cryptographic device (GM/T 0018), which is a small library that is compiled here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use baohan_gateway::crypto::certificate::Certificate;
use baohan_gateway::seal::Signer;
use baohan_gateway::secret::Secret;
use baohan_gateway::signing::{CoordinateBytes, DeviceOptions, OutsideSigner, SigningDevice};
use baohan_gateway::store::jobs::JobState;
use baohan_gateway::telemetry::Metrics;

use crate::faults::{QUICK, applied, jobs_in, until_stored};
use crate::ground::{copy_all, keys_and_seal};
use crate::house::{Database, House};

const PASSWORD: &str = "device-pin";

/// Compiled once for all tests of this process.
fn library() -> &'static Path {
    static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libsdf.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/sdf_shim.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).args([library.as_os_str(), source.as_ref()]);
        let built = compiler.args(["-lcrypto", "-lpthread", "-ldl"]).status();
        assert!(built.unwrap().success(), "a C compiler and the headers of OpenSSL are needed for this test");
        (folder, library)
    });
    library
}

/// A device of its own: a copy of the library in a folder with the key that it holds.
fn device(folder: &Path, keys: &Path) -> PathBuf {
    std::fs::create_dir(folder).unwrap();
    let own = folder.join("libsdf.so");
    std::fs::copy(library(), &own).unwrap();
    std::fs::copy(keys.join("signer.key.pem"), folder.join("key.pem")).unwrap();
    std::fs::write(folder.join("password"), PASSWORD).unwrap();
    own
}

/// A device with the institution's key, and the way to it.
struct Place {
    folder: tempfile::TempDir,
    options: DeviceOptions,
    certificate: Certificate,
    metrics: Metrics,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_all(keys_and_seal(), folder.path());
        let keys = folder.path().join("keys");
        let library = device(&folder.path().join("device"), &keys);
        let pem = std::fs::read_to_string(keys.join("signer.cert.pem")).unwrap();
        let options = DeviceOptions {
            library,
            key_index: 1,
            password: Some(Secret::new(PASSWORD)),
            config_folder: None,
            coordinate_bytes: CoordinateBytes::SixtyFour,
            sessions: 3,
        };
        Self { folder, options, certificate: Certificate::from_pem(&pem).unwrap(), metrics: Metrics::new() }
    }

    /// As the gateway starts with it.
    fn signer(&self) -> anyhow::Result<Arc<dyn Signer>> {
        let device = SigningDevice::load(&self.options)?;
        device.expect_key_of(&self.certificate)?;
        Ok(Arc::new(OutsideSigner::new(device, self.certificate.clone(), &self.metrics)?))
    }

    fn refusal(&self) -> String {
        format!("{:#}", self.signer().err().unwrap())
    }

    fn set(&self, fault: &str) {
        std::fs::write(self.folder.path().join("device").join(fault), "").unwrap();
    }

    fn mend(&self, fault: &str) {
        std::fs::remove_file(self.folder.path().join("device").join(fault)).unwrap();
    }

    /// How often something was called.
    fn calls(&self, call: &str) -> usize {
        calls(&self.folder.path().join("device"), call)
    }

    fn assert_signs(&self, signer: &dyn Signer) {
        let signature = signer.sign(b"letter").unwrap();
        assert_eq!(self.certificate.public_key().unwrap().verify(b"letter", &signature), Ok(()));
    }
}

fn calls(folder: &Path, call: &str) -> usize {
    let calls = std::fs::read_to_string(folder.join("calls")).unwrap_or_default();
    calls.lines().filter(|line| *line == call).count()
}

#[test]
fn a_device_signs_digests_in_a_session_that_is_kept() {
    let place = Place::new();
    let signer = place.signer().unwrap();
    for _ in 0..3 {
        place.assert_signs(signer.as_ref());
    }
    assert_eq!(place.calls("sign 32 bytes"), 3);
    assert_eq!((place.calls("open device"), place.calls("open session")), (1, 1));
    drop(signer);
    assert_eq!((place.calls("release the key"), place.calls("close session")), (1, 1));
    assert_eq!(place.calls("close device"), 1);
}

#[test]
fn threads_sign_at_the_same_time_each_in_a_session_of_its_own() {
    let place = Place::new();
    let signer = place.signer().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..10).for_each(|_| place.assert_signs(signer.as_ref())));
        }
    });
    assert_eq!(place.calls("sign 32 bytes"), 80);
    assert_eq!(place.calls("one session, two threads"), 0);
    assert!((1..=3).contains(&place.calls("open session")), "{} sessions", place.calls("open session"));
}

#[test]
fn after_a_restart_of_the_device_everything_is_opened_anew() {
    let place = Place::new();
    let signer = place.signer().unwrap();
    place.assert_signs(signer.as_ref());
    place.set("restart");
    place.assert_signs(signer.as_ref());
    assert_eq!((place.calls("open device"), place.calls("close device")), (2, 1));
    // While it is away nothing is signed; once it is back, signatures are made again.
    place.set("away");
    let said = format!("{:#}", signer.sign(b"letter").unwrap_err());
    assert!(said.contains("0x01000005 (SDR_OPENDEVICE"), "{said}");
    place.mend("away");
    place.assert_signs(signer.as_ref());
}

#[test]
fn a_device_that_is_away_at_the_start_is_waited_for() {
    let place = Place::new();
    place.set("away");
    let signer = place.signer().unwrap();
    assert!(signer.sign(b"letter").is_err());
    place.mend("away");
    place.assert_signs(signer.as_ref());
}

#[test]
fn a_wrong_password_is_told_and_not_tried_until_the_key_is_locked() {
    let mut place = Place::new();
    place.options.password = Some(Secret::new("other-pin"));
    let said = place.refusal();
    assert!(said.contains("0x01000018 (SDR_PRKRERR") && !said.contains("other-pin"), "{said}");
    assert_eq!(place.calls("ask for the key"), 1);

    // The password is changed behind the gateway's back, and the device restarted.
    let place = Place::new();
    let signer = place.signer().unwrap();
    std::fs::write(place.folder.path().join("device/password"), "other-pin").unwrap();
    place.set("restart");
    for attempt in 0..5 {
        let said = format!("{:#}", signer.sign(b"letter").unwrap_err());
        assert!(said.contains("SDR_PRKRERR"), "{said}");
        assert_eq!(said.contains("not asked again for a minute"), attempt > 0, "{said}");
    }
    assert_eq!(place.calls("ask for the key"), 2);
}

#[test]
fn another_key_or_none_is_told_at_the_start() {
    let mut place = Place::new();
    place.options.key_index = 2;
    let said = place.refusal();
    assert!(said.contains("(key 2)") && said.contains("0x01000008 (SDR_KEYNOTEXIST"), "{said}");

    let place = Place::new();
    let keys = place.folder.path().join("keys");
    std::fs::copy(keys.join("sealer.key.pem"), place.folder.path().join("device/key.pem")).unwrap();
    let said = place.refusal();
    assert!(
        said.contains("holds another key than that of the certificate") && said.contains("SM3:"),
        "{said}"
    );
}

#[test]
fn a_wrong_signature_goes_no_further() {
    let place = Place::new();
    let signer = place.signer().unwrap();
    place.set("forge");
    let said = signer.sign(b"letter").unwrap_err().to_string();
    assert!(said.contains("libsdf.so") && said.contains("not by the key of the certificate"), "{said}");
    let counted = place.metrics.encode();
    assert!(
        counted.contains(r#"gw_outside_signatures_total{source="device",result="wrong"} 1"#),
        "{counted}"
    );
    place.mend("forge");
    place.set("ailing");
    let said = format!("{:#}", signer.sign(b"letter").unwrap_err());
    assert!(said.contains("0x0100000d (SDR_SIGNERR"), "{said}");
}

#[test]
fn a_library_with_short_coordinates_is_recognised_and_served() {
    let mut place = Place::new();
    place.set("narrow");
    let said = place.refusal();
    assert!(said.contains("coordinate_bytes = 64; try 32"), "{said}");
    place.options.coordinate_bytes = CoordinateBytes::ThirtyTwo;
    place.assert_signs(place.signer().unwrap().as_ref());
}

#[test]
fn a_configuration_folder_is_handed_to_the_library() {
    let mut place = Place::new();
    let elsewhere = place.folder.path().join("elsewhere");
    std::fs::rename(place.folder.path().join("device"), &elsewhere).unwrap();
    std::fs::create_dir(place.folder.path().join("device")).unwrap();
    std::fs::rename(elsewhere.join("libsdf.so"), &place.options.library).unwrap();
    assert!(place.signer().is_err(), "its key is elsewhere");
    place.options.config_folder = Some(elsewhere.clone());
    place.assert_signs(place.signer().unwrap().as_ref());
    assert_eq!(calls(&elsewhere, "sign 32 bytes"), 1);
}

#[test]
fn a_file_that_is_no_such_library_is_named() {
    let mut place = Place::new();
    place.options.library = place.folder.path().join("keys/signer.cert.pem");
    let said = place.refusal();
    assert!(said.contains("seal.device.library") && said.contains("signer.cert.pem`"), "{said}");
    // A library, but not of a device.
    let source = place.folder.path().join("empty.c");
    std::fs::write(&source, "int nothing;").unwrap();
    place.options.library = place.folder.path().join("libempty.so");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&place.options.library).arg(&source).status();
    assert!(built.unwrap().success());
    let said = place.refusal();
    assert!(said.contains("it has no function `SDF_OpenDevice`"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_gateway_signs_by_a_device_and_outlives_its_restart() {
    let house = House::signing_with(Database::Sqlite, QUICK, |folder| {
        let library = device(&folder.join("device"), &folder.join("keys"));
        std::fs::remove_file(folder.join("keys/signer.key.pem")).unwrap();
        let (certificate, password) = (folder.join("keys/signer.cert.pem"), folder.join("device/password"));
        format!(
            "[seal]\nsigner_certificate = {certificate:?}\n\
             [seal.device]\nlibrary = {library:?}\nkey_index = 1\npassword_file = {password:?}\n"
        )
    })
    .await;
    house.issued().await;
    let folder = house.folder.path().join("device");
    std::fs::write(folder.join("restart"), "").unwrap();
    house.restored().await;
    assert_eq!(calls(&folder, "open device"), 2);

    std::fs::write(folder.join("away"), "").unwrap();
    let applyno = applied(&house.sandbox).await;
    let waiting = until_stored("the letter waits for the device", async || {
        let jobs =
            [jobs_in(&house, JobState::Ready).await, jobs_in(&house, JobState::Running).await].concat();
        jobs.into_iter().find(|job| job.kind == "make-letter" && job.attempts > 1)
    })
    .await;
    let detail = waiting.detail.unwrap();
    assert!(detail.contains("SDR_") && !detail.contains(PASSWORD), "{detail}");
    std::fs::remove_file(folder.join("away")).unwrap();
    house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
}
