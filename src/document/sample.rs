//! Letters with invented data: what templates are tried with at start, and what an operator begins with.

use super::form::Form;
use super::letter::{Award, Issuer, Letter, LetterKind, Party, Period, Project, Section};

impl Letter {
    /// All parties, projects and numbers are invented. The two kinds of a form belong to one guarantee; a form that has
    /// no ciphertext letter gives its plaintext letter for either.
    pub fn sample(form: Form, kind: LetterKind) -> Self {
        let bid_bond = bid_bond(form, kind);
        match form {
            Form::BidBond => bid_bond,
            Form::ConditionalBidBond => Self {
                applicant: Party {
                    address: text("示例省示例市西湖区建设路 8 号"),
                    legal_representative: text("林示例"),
                    ..bid_bond.applicant
                },
                issuer: issuer("海峡示例融资担保有限公司"),
                project: Some(match kind {
                    LetterKind::Plaintext => Project {
                        number: "HNZB2024-0603-001".to_owned(),
                        name: "海口市示例片区市政道路及配套管网工程（二期）".to_owned(),
                    },
                    LetterKind::Ciphertext => Project {
                        number: "Q0n2u8uXkYpVb1pX9vQm5cZx3dWn7TtRk2eYb0aHc6U=".to_owned(),
                        name: "c3VwcGxpZXIxMjM0NTY3OEZ0bGF6cW1wT2hZcXdyV3c5cXRhbEs4b2pLc1F6Yk5l".to_owned(),
                    },
                }),
                ..bid_bond
            },
            Form::BidBondInsurance => Self {
                policy_number: text("DEMOP46002024000000001"),
                issuer: issuer("海峡示例财产保险股份有限公司示例分公司"),
                period: Some(Period { from: "2024-06-04".to_owned(), to: "2024-10-31".to_owned() }),
                ..bid_bond
            },
            Form::AdvancePayment => advance_payment(bid_bond),
        }
    }
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn bid_bond(form: Form, kind: LetterKind) -> Letter {
    let text = str::to_owned;
    let (beneficiary, section) = match kind {
        LetterKind::Plaintext => (
            Party {
                name: text("海口市示例城市建设投资有限公司"),
                code: Some(text("91460100MA5EXAMP2X")),
                address: Some(text("示例省示例市东湖区海府路示例大厦 12 层")),
                legal_representative: None,
            },
            Section {
                number: text("HNZB2024-0603-001-01"),
                name: text("海口市示例片区市政道路及配套管网工程（二期）施工一标段"),
            },
        ),
        LetterKind::Ciphertext => (
            Party {
                name: text("LE23+AIz8WOOwrrRSpDJBs2ffvW6C6EDn3PQueHP4QFiCkhp7/bjAaDEOOHIZFSS"),
                code: Some(text("DGB7R5TVsVSWcTTOKmJ9p7QIBfZGvyVej7xOYM1Zb7E=")),
                address: None,
                legal_representative: None,
            },
            Section {
                number: text("NkzetRlXBwxCflZDj8Sfb0u2Bj6GL8JCJkV/e6g0s7c="),
                name: text(
                    "tDCV49HSVDyYYk6o2SRv2+WMxSiHI39OElBFyAVWd50S5dh5/jY8OlhicpgMfSvnlU4gTkLb69D8R7NXTXOkLj16rOoHGR+8IHP20mWEGOI=",
                ),
            },
        ),
    };
    Letter {
        form,
        kind,
        number: text("DEMO46000020240603000001"),
        policy_number: None,
        applicant: Party {
            name: text("海峡示例建设有限公司"),
            code: Some(text("91350100MA0EXAMP1B")),
            address: None,
            legal_representative: None,
        },
        beneficiary,
        issuer: issuer("海峡示例银行股份有限公司示例分行"),
        project: None,
        section: Some(section),
        procurement_kind: None,
        award: None,
        contract_months: None,
        amount: text("800,000.00"),
        amount_words: text("捌拾万元整"),
        guarantee_months: None,
        period: None,
        after_days: Some(30),
        latest_date: text("2024-11-30"),
        days_to_pay: 5,
        court: text("示例省示例市西湖区人民法院"),
        issued_on: text("2024-06-03"),
        verification_url: text("https://verify.example.com/v/DEMO46000020240603000001"),
        application_number: text("TBHN202406030915270001"),
    }
}

fn advance_payment(bid_bond: Letter) -> Letter {
    Letter {
        kind: LetterKind::Plaintext,
        number: "DEMO15000020241120000001".to_owned(),
        applicant: Party {
            name: "草原示例信息技术有限公司".to_owned(),
            code: text("91150100MA0EXAMP3C"),
            address: text("示例自治区示例市东城区科技路 16 号"),
            legal_representative: text("白示例"),
        },
        beneficiary: Party {
            name: "示例市示例区教育事务中心".to_owned(),
            code: text("12150100EXAMP0004D"),
            address: None,
            legal_representative: None,
        },
        project: Some(Project {
            number: "ESZC-2024-1108".to_owned(),
            name: "示例区智慧校园平台及终端设备采购项目".to_owned(),
        }),
        section: Some(Section {
            number: "ESZC-2024-1108-02".to_owned(),
            name: "教学终端设备及三年运行维护服务".to_owned(),
        }),
        procurement_kind: text("货物类"),
        award: Some(Award { date: "2024-11-08".to_owned(), amount: "3,260,000.00".to_owned() }),
        contract_months: Some(36),
        amount: "978,000.00".to_owned(),
        amount_words: "玖拾柒万捌仟元整".to_owned(),
        guarantee_months: Some(24),
        period: Some(Period { from: "2024-11-20".to_owned(), to: "2026-11-19".to_owned() }),
        after_days: None,
        latest_date: "2026-12-31".to_owned(),
        days_to_pay: 7,
        issued_on: "2024-11-20".to_owned(),
        verification_url: "https://verify.example.com/v/DEMO15000020241120000001".to_owned(),
        application_number: "YFK202411200001".to_owned(),
        ..bid_bond
    }
}

fn issuer(name: &str) -> Issuer {
    Issuer {
        name: name.to_owned(),
        address: "示例省示例市西湖区国贸大道 1 号示例大厦 18 层".to_owned(),
        postcode: "570125".to_owned(),
        phone: "0898-66660000".to_owned(),
        fax: "0898-66660001".to_owned(),
        legal_representative: "陈示例".to_owned(),
    }
}
