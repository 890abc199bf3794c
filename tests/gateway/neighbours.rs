//! One gateway with every platform: what was applied for on one exists on no other, whatever it is asked by.

use std::net::TcpListener;
use std::time::Duration;

use baohan_gateway::cli::demo::cast::{Actor, Credentials, Role};
use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::Clock;
use baohan_gateway::dialect::action::Action;
use baohan_gateway::dialect::meaning::Meaning;
use baohan_gateway::gateway::Gateway;
use baohan_gateway::settings;
use serde_json::Value;

use crate::files;
use crate::ground::{Database, copy_all, keys_and_seal, on_both_databases, store_section};
use crate::house::PATIENCE;
use crate::ledger::Ledger;
use crate::pushes::{JSON, client, reply_to};
use crate::spoken::{About, Speaker};

struct Street {
    gateway: Gateway,
    platforms: Vec<(Role, Credentials, Actor)>,
    ledger: Ledger,
    _folder: tempfile::TempDir,
}

impl Street {
    async fn open(database: Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (gateway, clock) = (format!("http://{address}"), Clock::system());
        let mut platforms = Vec::new();
        for role in Role::ALL {
            let credentials = files::credentials(role);
            let actor = Actor::start(role, &gateway, &credentials, &clock).await.unwrap();
            platforms.push((role, credentials, actor));
        }
        let folder = tempfile::tempdir().unwrap();
        copy_all(keys_and_seal(), folder.path());
        let described: Vec<(Role, String, &Credentials)> =
            platforms.iter().map(|(role, credentials, actor)| (*role, actor.url(), credentials)).collect();
        let settings = props::write_settings(folder.path(), address, &described).unwrap();
        let overrides = folder.path().join("overrides.toml");
        std::fs::write(&overrides, store_section(database)).unwrap();
        let settings = settings::load(&[settings, overrides]).unwrap();
        let ledger = Ledger::of(settings.store.url.expose());
        let gateway = Gateway::start_on(listener, settings, clock).await.unwrap();
        Self { gateway, platforms, ledger, _folder: folder }
    }

    /// Applies on one platform, and waits until the guarantee is issued and everybody knows.
    async fn issued_on(&self, actor: &Actor) -> About {
        let (application, answer) = match actor {
            Actor::Tender(platform) => platform.apply_generated().await.unwrap(),
            Actor::Procurement(platform) => platform.apply_generated().await.unwrap(),
        };
        assert!(answer.is_accepted(), "{answer}");
        let clock = Clock::system();
        let begun = clock.now();
        while !self.ledger.unfinished_jobs().is_empty() {
            assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE);
            clock.wait(Duration::from_millis(10)).await;
        }
        let of_it = format!(
            "SELECT guarantee_number AS line FROM guarantees WHERE application_number = '{application}'"
        );
        let [guarantee] = self.ledger.lines(&of_it).try_into().unwrap();
        About { application, guarantee }
    }

    async fn told(&self, role: Role, path: &str, push: String) -> Value {
        let url = format!("http://{}/platforms/{}/{path}", self.gateway.address, role.id());
        let reply = reply_to(client().post(url).header("content-type", JSON).body(push)).await;
        assert_eq!(reply.status, 200);
        serde_json::from_str(&reply.body).unwrap()
    }
}

on_both_databases! {
    async fn no_platform_learns_of_or_moves_a_guarantee_of_another(database: Database) {
        let street = Street::open(database).await;
        let mut abouts = Vec::new();
        for (role, _, actor) in &street.platforms {
            abouts.push((*role, street.issued_on(actor).await));
        }
        let before = street.ledger.state();
        let mut pushed = 0;
        for (role, credentials, actor) in &street.platforms {
            let speaker = Speaker::new(*role, credentials, actor);
            for (home, about) in abouts.iter().filter(|(home, _)| home != role) {
                for interface in speaker.interfaces() {
                    if interface.does == Action::Apply {
                        continue;
                    }
                    let name = format!("{} asked by {} {}", home.id(), role.id(), interface.name);
                    let push = speaker.push(interface, about, &[(Meaning::FirstDay, "2001-01-01"), (Meaning::LastDay, "2999-12-31")]);
                    let answer = street.told(*role, interface.path(), push).await;
                    if interface.does == Action::Reconcile {
                        let list = answer["data"]["baohanlist"].as_array().unwrap();
                        let own = &abouts.iter().find(|(home, _)| home == role).unwrap().1;
                        assert_eq!(list.len(), 1, "{name}");
                        assert_eq!(list[0]["baohanno"], own.guarantee, "{name}");
                    } else {
                        assert_eq!(answer["code"], speaker.code("203"), "{name}: {answer}");
                        let words = answer["message"].as_str().unwrap();
                        assert!(words.ends_with("未找到对应的申请") || words.ends_with("未找到对应的保函"), "{name}: {words}");
                    }
                    pushed += 1;
                }
            }
        }
        assert_eq!(pushed, 4 * (6 + 6 + 6 + 4 + 5));
        assert_eq!(street.ledger.state(), before);
    }
}
