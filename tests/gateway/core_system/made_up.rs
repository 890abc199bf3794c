//! Requests that schemathesis makes up from the description, sound ones and broken ones: whatever comes, the gateway
//! answers as it is described, and never with an error of its own.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{API, paid};
use crate::house::{Database, House};
use crate::operator::MANUAL;

const SETTINGS: &str = include_str!("schemathesis.toml");

/// What is asked of each answer. Not whether operations need a key: `description.rs` asks that, from many addresses, since
/// one address may fail twenty times only.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method,\
                      allow_header_conformance";

/// The program that `tests/run` has installed.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where a test learns of the program that tests/run installed"
)]
fn schemathesis() -> String {
    std::env::var("BAOHAN_TEST_SCHEMATHESIS")
        .expect("BAOHAN_TEST_SCHEMATHESIS names no program: run `tests/run`, which installs it and then runs the tests")
}

/// Guarantees at several places of their lives.
async fn guarantees(house: &House) -> Vec<String> {
    let core = house.core().await;
    let mut ids = Vec::new();
    for life in [&[][..], &[], &["approval"], &["approval"], &["issue"], &["issue", "restored"], &["decline"]]
    {
        let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let id = house.id_of(&applyno).await;
        for step in life {
            match *step {
                "approval" => drop(core.act(&id, "approval", json!({})).await),
                "decline" => drop(core.act(&id, "decline", json!({"reason": "资料不全"})).await),
                "issue" => {
                    core.act(&id, "issue", json!({"approval": {}, "premium": paid()})).await;
                    house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
                }
                _ => {
                    assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
                    house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
                }
            }
        }
        ids.push(id);
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_requests_find_no_error_of_ours() {
    let limits = format!("{API}docs = true\nrequests_per_second = 100000\nburst = 100000\n");
    let house = House::open_with(Database::Sqlite, &format!("{limits}{MANUAL}")).await;
    let ids = guarantees(&house).await;
    let key = house.core().await.key;
    let base = format!("http://{}", house.gateway.core_system_address().unwrap());
    let file = house.folder.path().join("schemathesis.toml");
    let more = format!(
        "\n[dictionaries.guarantees]\nvalues = {ids:?}\n\
         [parameters]\n\"path.id\" = {{ dictionary = \"guarantees\", probability = 0.9 }}\n"
    );
    std::fs::write(&file, format!("{SETTINGS}{more}")).unwrap();
    let (ran, folder) = (schemathesis(), house.folder.path().to_owned());
    let output = tokio::task::spawn_blocking(move || run(&ran, &file, &folder, &base, &key)).await.unwrap();
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");

    // The gateway's own count says the same, and that requests came to something.
    let metrics = house.gateway.assembly.metrics.encode();
    let counted: Vec<&str> =
        metrics.lines().filter(|line| line.starts_with("gw_api_requests_total{")).collect();
    let of =
        |status: &str| counted.iter().filter(|line| line.contains(&format!("status=\"{status}"))).count();
    assert_eq!(of("5"), 0, "{counted:#?}");
    assert!(of("200") > 5 && of("400") > 5 && of("409") > 2, "{counted:#?}");
    house.at_rest().await;
}

fn run(program: &str, settings: &Path, folder: &Path, base: &str, key: &str) -> std::process::Output {
    let mut command = Command::new(program);
    command.current_dir(folder).arg("--config-file").arg(settings);
    command.args(["run", "--checks", CHECKS, "--header", &format!("Authorization: Bearer {key}")]);
    command.arg(format!("{base}/api/v1/openapi.json")).output().unwrap()
}
