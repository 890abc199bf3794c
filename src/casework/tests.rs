//! Commands on a stored guarantee, and what they do to the jobs that wait there.

use std::sync::Arc;

use super::*;
use crate::crypto::keyring::Keyring;
use crate::dialect::{Profile, Registry};
use crate::domain::Stage;
use crate::domain::application::Application;
use crate::domain::guarantee::{LetterKind, Opening};
use crate::domain::identity::DocumentDigest;
use crate::domain::notice::Notice;
use crate::institution::rules::Rules;
use crate::secret::Secret;
use crate::store::{Store, StoreOptions};

fn platform() -> Platform {
    let wire = "dialect = 'hainan-2024'\ntitle = '海南'\nappkey = 'k'\nappsecret = 's'\n\
                base_url = 'https://platform.example/rest/gbsapi/'";
    let underwriting = "rate = '0.004'\nminimum_premium = '200.00'\nsmallest_amount = '1000.00'\n\
                        largest_amount = '800000.00'";
    let registry = Registry::built_in().unwrap();
    let table = registry.table("hainan-2024").unwrap();
    let profile = Profile::new(PlatformId::new("hainan"), table, &toml::from_str(wire).unwrap()).unwrap();
    Platform::under_rules(profile, Rules::new(toml::from_str(underwriting).unwrap(), "示例").unwrap())
}

/// What comes in between the opening and its letter stands before the letter's delivery.
#[tokio::test]
async fn what_stands_before_the_plaintext_letter_is_as_urgent_as_the_letter() {
    let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
    let deadline: Timestamp = "2026-11-22T01:05:00Z".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = Secret::new(folder.path().join("store.db").display().to_string());
    let options = StoreOptions { url, ..StoreOptions::default() };
    let store = Store::open(&options, Arc::new(Keyring::from_master(&[7; 32]))).unwrap();
    store.migrate().await.unwrap();
    let id = GuaranteeId::new("g");
    let opened = Guarantee {
        stage: Stage::Opened,
        opening: Some(Opening { opened_at: at, key_received_at: at, deadline }),
        ..Guarantee::apply(id.clone(), PlatformId::new("hainan"), Application::for_testing("800000"), at)
    };
    let deadlines = store.write(move |connection| {
        guarantees::insert(connection, &opened, at)?;
        let notice = Notice::WaiverRequest { application: opened.application.number.clone() };
        let lane = Lane::of_guarantee(&opened.id);
        let task = Task::Notify { notice: Box::new(notice), encloses: None };
        let job = task::job(&opened.platform, lane.clone(), &task, None, std::time::Duration::ZERO, at)?;
        jobs::enqueue(connection, &job)?;
        let letter = Command::RecordLetter { letter: LetterKind::Merged, document: DocumentDigest::new("d") };
        carry_out_all(connection, &platform(), &opened.id, &[letter], at)?.unwrap();
        let jobs = jobs::in_lane(connection, &lane)?;
        Ok(jobs.into_iter().map(|job| (job.kind, job.deadline)).collect::<Vec<_>>())
    });
    let expected = [("notify", deadline), ("upload", deadline)];
    assert_eq!(deadlines.await.unwrap(), expected.map(|(kind, deadline)| (kind.to_owned(), deadline)));
}
