//! Who plays: the platforms of the built-in dialects, each with its own profile, and the rules that decide for the
//! institution.

use anyhow::Context;

use crate::crypto::sm2::PrivateKey;
use crate::dialect::action::Action;
use crate::dialect::options::Step;
use crate::dialect::{PlatformOptions, Profile, Registry};
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::PlatformId;
use crate::domain::section::Secrecy;
use crate::institution::rules::{Rules, UnderwritingOptions};

/// Who decides for the institution in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deciding {
    /// The rules decide, and take the premium for paid.
    Rules,
    /// The rules decide, and somebody records each premium.
    RulesWithCashier,
    /// People decide everything.
    People,
}

impl Deciding {
    const ALL: [Self; 3] = [Self::Rules, Self::RulesWithCashier, Self::People];
}

/// A platform as the gateway knows it.
pub(super) struct Role {
    pub profile: Profile,
    rules: Vec<(Deciding, Rules)>,
    /// Its messages are encrypted whole, so that no two of them have the same bytes.
    pub wrapped: bool,
    /// It has an interface for this.
    pub pushes: Vec<Action>,
}

/// All platforms. Made once, and shared by all seeds.
pub struct Cast {
    pub(super) roles: Vec<Role>,
}

impl Cast {
    /// # Errors
    /// When a built-in table is unsound, which tests exclude, or no platform is of the dialect that is asked for.
    pub fn new(only: Option<&str>) -> anyhow::Result<Self> {
        let registry = Registry::built_in()?;
        let key = PrivateKey::generate();
        let mut roles = Vec::new();
        for table in registry.tables().filter(|table| only.is_none_or(|only| only == table.id)) {
            let settings = format!(
                "dialect = '{}'\ntitle = 'model'\nappkey = 'model'\nappid = 'model'\nappsecret = 'model'\nplatform_codes = ['001']\n\
                 base_url = 'https://platform.example/'\nagreed_key = '{}'\nprivate_key = '''{}'''\n\
                 public_key = '''{}'''\nredirect_url = 'https://insurer.example/{{application}}'",
                table.id,
                "5a".repeat(16),
                *key.to_pem(),
                key.public_key().to_pem(),
            );
            let options: PlatformOptions =
                toml::from_str(&settings).context("a model platform's settings")?;
            let profile = Profile::new(PlatformId::new(&table.id), table, &options)?;
            let pushes = profile.inbound().map(|interface| interface.does).collect();
            roles.push(Role { profile, rules: rules()?, wrapped: table.wrapper.is_some(), pushes });
        }
        let known = || registry.tables().map(|table| table.id.as_str()).collect::<Vec<_>>().join(", ");
        anyhow::ensure!(!roles.is_empty(), "expected one of {}, found `{}`", known(), only.unwrap_or(""));
        Ok(Self { roles })
    }
}

impl Role {
    pub fn is_secret(&self) -> bool {
        self.profile.secrecy() == Secrecy::UntilOpening
    }

    pub fn uploads(&self, letter: LetterKind) -> bool {
        self.profile.flow(letter).contains(&Step::Upload)
    }

    /// Whether letters come to it by themselves, and are not fetched.
    pub fn is_handed(&self, letter: LetterKind) -> bool {
        self.uploads(letter) || self.profile.flow(letter).contains(&Step::RestorationNotice)
    }

    pub fn rules(&self, deciding: Deciding) -> Option<&Rules> {
        self.rules.iter().find(|(of, _)| *of == deciding).map(|(_, rules)| rules)
    }

    pub fn interface(&self, does: Action) -> Option<&str> {
        self.profile.inbound().find(|it| it.does == does).map(|it| it.name.as_str())
    }
}

fn rules() -> anyhow::Result<Vec<(Deciding, Rules)>> {
    let figures = "rate = '0.004'\nminimum_premium = '200.00'\nsmallest_amount = '1000.00'\n\
                   largest_amount = '800000.00'\nlongest_validity_days = 60\n";
    let mut all = Vec::new();
    for deciding in Deciding::ALL {
        let who = match deciding {
            Deciding::Rules => {
                "mode = 'automatic'\nsurrender = 'automatic'\n\
                 premium = { collection = 'assumed', account = '1' }"
            }
            Deciding::RulesWithCashier => "mode = 'automatic'\nsurrender = 'automatic'",
            Deciding::People => "mode = 'manual'\nsurrender = 'manual'\ncancellation = 'manual'",
        };
        let options: UnderwritingOptions = toml::from_str(&format!("{figures}{who}"))?;
        all.push((deciding, Rules::new(options, "model")?));
    }
    Ok(all)
}
