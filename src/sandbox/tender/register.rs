//! What the platform remembers about its applications.

use std::collections::BTreeMap;

use super::super::letter::Letter;
use super::super::message::Reason;
use super::Specification;
use super::applicants::{Application, Sealed};
use super::delivery::{Accepted, Content, Delivery, Tally};

/// All applications, by `applyno`.
#[derive(Default)]
pub struct Register {
    cases: BTreeMap<String, Case>,
    /// Guarantee number to `applyno`.
    guarantees: BTreeMap<String, String>,
}

/// One application from its push to its end.
pub struct Case {
    pub application: Application,
    pub sealed: Sealed,
    /// What else its push says, in plaintext.
    pub particulars: Vec<(&'static str, String)>,
    pub baohanno: Option<String>,
    pub approved: Option<bool>,
    /// `generatetime`, `rate` and `cost`, as `baohannotice` named them.
    pub generatetime: Option<String>,
    pub rate: Option<String>,
    pub cost: Option<String>,
    /// The key has been sent; without an opening: the guarantee has been collected.
    pub opened: bool,
    /// `kaibiaotime`, the same in every push.
    pub opening: Option<String>,
    /// `quitapply` was sent and has not been answered by `quitnotice`.
    pub surrender_asked: bool,
    pub surrendered: bool,
    /// The section has been declared abnormal, so that it may be surrendered after the opening too.
    pub abnormal: bool,
    pub waived: bool,
    /// `payeramount` of the claim.
    pub claimed: Option<String>,
    /// The last `compensatestatus`.
    pub claim_status: Option<String>,
    /// `type` of the invoice that was asked for and about which no notice has come.
    pub invoice_kind: Option<String>,
    pub ciphertext: Upload,
    pub plaintext: Upload,
    pub notices: BTreeMap<&'static str, Tally>,
    /// The last push of each interface: fields without `timestamp` and `sign`.
    pub pushes: BTreeMap<String, Vec<(String, String)>>,
}

/// One letter on its way in, in slices or whole.
#[derive(Default)]
pub struct Upload {
    pub slices: BTreeMap<u64, Slice>,
    /// A completion was answered, so that other slices are a new beginning and not a contradiction.
    pub settled: bool,
    /// `baohanfilemd5` of the accepted completion, as it was written.
    pub stated_md5: String,
    pub accepted: Option<Accepted>,
}

/// One slice; its text is kept until the letter is accepted.
pub struct Slice {
    pub sm3: [u8; 32],
    pub text: Option<String>,
}

impl Register {
    /// Enters an application, unless its `applyno` is known.
    pub fn add(&mut self, application: Application, sealed: Sealed, specification: &Specification) {
        let particulars = (specification.particulars)(&application);
        let applyno = application.applyno.clone();
        self.cases.entry(applyno).or_insert_with(|| Case::new(application, sealed, particulars));
    }

    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }

    pub fn case(&self, applyno: &str) -> Option<&Case> {
        self.cases.get(applyno)
    }

    /// The case of an `applyno`.
    ///
    /// # Errors
    /// The platform's answer when it never sent such an application.
    pub fn known(&mut self, applyno: &str) -> Result<&mut Case, Reason> {
        self.cases.get_mut(applyno).ok_or_else(|| Reason::new("业务流水号不存在"))
    }

    /// The case of an `applyno`, provided that `baohanno` is its guarantee.
    ///
    /// # Errors
    /// The platform's answer when either does not fit.
    pub fn guaranteed(&mut self, applyno: &str, baohanno: &str) -> Result<&mut Case, Reason> {
        let case = self.known(applyno)?;
        match case.baohanno.as_deref() {
            Some(known) if known == baohanno => Ok(case),
            Some(_) => Err(Reason::new("保函编号与投保结果通知不一致")),
            None => Err(Reason::new("尚未收到投保结果通知")),
        }
    }

    /// The case that a guarantee belongs to (`invoicenotice` names no `applyno`).
    ///
    /// # Errors
    /// The platform's answer when no application has this guarantee.
    pub fn by_guarantee(&mut self, baohanno: &str) -> Result<&mut Case, Reason> {
        let applyno = self.guarantees.get(baohanno);
        let case = applyno.and_then(|applyno| self.cases.get_mut(applyno));
        case.ok_or_else(|| Reason::new("保函编号不存在"))
    }

    /// Gives an application its guarantee number, or sees that it is the one it has.
    ///
    /// # Errors
    /// The platform's answer when the application has another number, or the number another application.
    pub fn name_guarantee(&mut self, applyno: &str, baohanno: &str) -> Result<&mut Case, Reason> {
        let owner = self.guarantees.get(baohanno);
        if owner.is_some_and(|owner| owner != applyno) {
            return Err(Reason::new("保函编号已被其他业务使用"));
        }
        let case = self.cases.get_mut(applyno).ok_or_else(|| Reason::new("业务流水号不存在"))?;
        if case.baohanno.as_deref().is_some_and(|known| known != baohanno) {
            return Err(Reason::new("保函编号与已上传保函的编号不一致"));
        }
        case.baohanno = Some(baohanno.to_owned());
        self.guarantees.insert(baohanno.to_owned(), applyno.to_owned());
        Ok(case)
    }
}

impl Case {
    fn new(application: Application, sealed: Sealed, particulars: Vec<(&'static str, String)>) -> Self {
        Self {
            application,
            sealed,
            particulars,
            baohanno: None,
            approved: None,
            generatetime: None,
            rate: None,
            cost: None,
            opened: false,
            opening: None,
            surrender_asked: false,
            surrendered: false,
            abnormal: false,
            waived: false,
            claimed: None,
            claim_status: None,
            invoice_kind: None,
            ciphertext: Upload::default(),
            plaintext: Upload::default(),
            notices: BTreeMap::new(),
            pushes: BTreeMap::new(),
        }
    }

    pub fn upload(&mut self, letter: Letter) -> &mut Upload {
        match letter {
            Letter::Ciphertext => &mut self.ciphertext,
            Letter::Plaintext => &mut self.plaintext,
        }
    }

    /// Counts a notice that was accepted before with the same content.
    pub fn repeated(&mut self, interface: &'static str, sm3: &str) -> bool {
        let content = self.notices.get_mut(interface).and_then(|tally| tally.find(sm3));
        content.map(|content| content.times += 1).is_some()
    }

    /// Counts a notice that is accepted for the first time.
    pub fn noted(&mut self, interface: &'static str, sm3: &str) {
        let tally = self.notices.entry(interface).or_default();
        tally.contents.push(Content { sm3: sm3.to_owned(), times: 1 });
    }

    /// Counts a notice that contradicts an accepted one.
    pub fn contradicted(&mut self, interface: &'static str) -> Reason {
        self.notices.entry(interface).or_default().conflicts += 1;
        Reason::new("重复通知，且内容与已接收的不一致")
    }

    /// Whether a notice of this interface has been accepted.
    pub fn has(&self, interface: &str) -> bool {
        self.notices.get(interface).is_some_and(|tally| !tally.contents.is_empty())
    }

    pub fn delivery(&self, specification: &Specification) -> Delivery {
        Delivery {
            applyno: self.application.applyno.clone(),
            baohanno: self.baohanno.clone(),
            approved: self.approved,
            restores: specification.restores(),
            opened: self.opened,
            surrendered: self.surrendered,
            ciphertext: self.ciphertext.accepted.clone(),
            plaintext: self.plaintext.accepted.clone(),
            notices: self.notices.clone(),
        }
    }
}
