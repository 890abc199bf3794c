//! People who decide, as `baohan decide` lets them.

use baohan_gateway::cli::decide;
use clap::Parser;

use crate::house::House;

/// Nothing is decided by the rules.
pub const MANUAL: &str = "[platforms.hainan.underwriting]\nmode = \"manual\"\nsurrender = \"manual\"\n";

/// A payment from the account that it has to come from.
pub const PAID: &[&str] =
    &["premium", "--account", "46050100163600001111", "--bank", "示例银行", "--basic-account", "confirmed"];

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: decide::Args,
}

impl<Platform> House<Platform> {
    /// Runs a decision; yields whether it was carried out, and what was printed.
    pub async fn decide(&self, applyno: &str, decision: &[&str]) -> (bool, String) {
        let line = [&["decide", "--platform", self.role.id(), applyno], decision].concat();
        let args = Line::try_parse_from(line).unwrap().args;
        let (settings, now, mut out) = (self.settings(), self.gateway.assembly.clock.now(), Vec::new());
        let done = decide::run(args, &settings, &self.gateway.assembly.store, now, &mut out).await.unwrap();
        (done, String::from_utf8(out).unwrap())
    }

    /// Runs a decision that has to be carried out.
    pub async fn decided(&self, applyno: &str, decision: &[&str]) {
        let (done, printed) = self.decide(applyno, decision).await;
        assert!(done, "{decision:?}: {printed}");
    }

    /// Runs a decision that has to be refused for a reason.
    pub async fn undecided(&self, applyno: &str, decision: &[&str], reason: &str) {
        let (done, printed) = self.decide(applyno, decision).await;
        assert!(!done && printed.starts_with(&format!("未执行：{reason}\n")), "{decision:?}: {printed}");
    }
}

impl House {
    /// Waits until the platform has taken so many different notices of an interface for an application.
    pub async fn noticed(&self, applyno: &str, interface: &str, count: usize) {
        self.until(|platform| {
            let delivery = platform.delivery(applyno).unwrap();
            delivery.notices.get(interface).is_some_and(|tally| tally.contents.len() >= count)
        })
        .await;
        self.at_rest().await;
        let delivery = self.sandbox.delivery(applyno).unwrap();
        let tally = &delivery.notices[interface];
        assert_eq!((tally.contents.len(), tally.conflicts), (count, 0), "{interface}");
        assert!(tally.contents.iter().all(|content| content.times == 1), "{interface}");
    }
}
